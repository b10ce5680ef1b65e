"""A bounded queue of recordings; each is worked on in a process of its own that can be killed."""

import json
import logging
import multiprocessing
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from skelflow.errors import SkelflowError
from skelflow.web.limits import Limits
from skelflow.web.worker import Task, run_task

State = Literal["receiving", "waiting", "working", "done", "failed"]

_log = logging.getLogger("skelflow.web")
_TOO_LONG = "the recording took longer than a recording may; send a shorter one"
_DIED = "the recording cannot be read within bounds; it is damaged or too large"
_LONGEST_MESSAGE = 2**16
_TIDY_S = 60.0  # old answers are looked for so often, though nobody asks


class BusyError(SkelflowError):
    """As many recordings wait as may wait."""


@dataclass(eq=False)
class Job:
    """One visitor's recording on its way to an answer; whoever knows `id` may see it."""

    name: str
    folder: Path
    recording: Path | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    state: State = "receiving"
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    sent: Path | None = None
    unwanted: bool = False
    since: float = field(default_factory=time.monotonic)


class Jobs:
    """All jobs of a server, and the threads that have them done.

    Parameters
    ----------
    weights : bundled name, or path.
    folder : for what is sent and answered; emptied of each job when it is forgotten.
    limits : see `Limits`.
    workers : how many recordings are worked on at the same time.
    """

    def __init__(self, weights: str, folder: Path, limits: Limits, *, workers: int = 1) -> None:
        self.limits = limits
        self.weights, self._folder = weights, folder
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["__main__", "skelflow.web.worker"])
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        self._change, self._closed = threading.Condition(), False
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def open(self, name: str, recording: Path | None = None) -> Job:
        """A new job, not yet in the queue; `BusyError` when there are too many."""
        with self._change:
            self._forget_old()
            pending = sum(job.state in ("receiving", "waiting") for job in self._jobs.values())
            if pending >= self.limits.waiting:
                raise BusyError("busy: other recordings are waiting; try again in a moment")
            job = Job(name, self._folder / secrets.token_hex(12), recording)
            (job.folder / "sent").mkdir(parents=True)
            self._jobs[job.id] = job
        return job

    def submit(self, job: Job) -> None:
        """Put a job into the queue, once all it needs is there."""
        with self._change:
            job.state = "waiting"
            self._waiting.append(job)
            self._change.notify()

    def find(self, identity: str) -> Job | None:
        """The job of that id; None when there is none, or no longer."""
        with self._change:
            self._forget_old()
            return self._jobs.get(identity)

    def ahead(self, job: Job) -> int:
        """How many are before it in the queue."""
        with self._change:
            return self._waiting.index(job) if job in self._waiting else 0

    def remove(self, job: Job) -> None:
        """Forget a job, stop it if it runs, and remove its files."""
        with self._change:
            self._jobs.pop(job.id, None)
            job.unwanted = True
            if job in self._waiting:
                self._waiting.remove(job)
            if job.state != "working":  # else the thread that works on it does so
                shutil.rmtree(job.folder, ignore_errors=True)

    def start(
        self, target: Callable[[Task, Connection], None], task: Task
    ) -> tuple[BaseProcess, Connection]:
        """A process of its own that works on a task, and the pipe by which it tells of it."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=target, args=(task, theirs), daemon=True)
        with theirs:
            process.start()
        return process, ours

    def close(self) -> None:
        """Stop all work and remove all files."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()
        for job in list(self._jobs.values()):
            self.remove(job)

    def _forget_old(self) -> None:
        ended = [job for job in self._jobs.values() if job.state in ("done", "failed")]
        stuck = [job for job in self._jobs.values() if job.state == "receiving"]
        now, spare = time.monotonic(), len(ended) - self.limits.kept
        for number, job in enumerate(ended):
            if number < spare or now - job.since > self.limits.kept_s:
                self.remove(job)
        for job in stuck:
            if now - job.since > 2 * self.limits.upload_s:
                self.remove(job)

    def _serve(self) -> None:
        while True:
            with self._change:
                while not (self._waiting or self._closed):
                    self._change.wait(min(_TIDY_S, self.limits.kept_s))
                    self._forget_old()
                if self._closed:
                    return
                job = self._waiting.popleft()
                job.state, job.since = "working", time.monotonic()
            self._work(job)

    def _work(self, job: Job) -> None:
        """Have one job done; never raises."""
        task = Task(self.weights, job.sent, job.recording, job.folder, self.limits)
        process: BaseProcess | None = None
        try:
            process, pipe = self.start(run_task, task)
            with pipe:
                self._watch(job, process, pipe)
        except Exception:
            _log.exception("a recording could not be worked on")
            job.error = _DIED
        finally:
            self._end(process)
            _forget_sent(job)
            with self._change:
                job.state, job.since = "failed" if job.error else "done", time.monotonic()
                if job.unwanted or job.error:
                    shutil.rmtree(job.folder, ignore_errors=True)

    def _watch(self, job: Job, process: BaseProcess, pipe: Connection) -> None:
        """Follow what the process says until it ends, hangs, or is no longer wanted."""
        latest = time.monotonic() + self.limits.work_s
        finished = False
        while not (finished or job.error or job.unwanted or self._closed):
            if time.monotonic() > latest:
                job.error = _TOO_LONG
            elif pipe.poll(0.2):
                finished = _hear(job, pipe)
            elif not process.is_alive() and not pipe.poll():
                job.error = _DIED

    def _end(self, process: BaseProcess | None) -> None:
        if process is not None:
            process.kill()
            process.join()
            process.close()


def _forget_sent(job: Job) -> None:
    """Remove what was sent, packed and unpacked."""
    shutil.rmtree(job.folder / "sent", ignore_errors=True)
    if job.sent is not None:
        job.sent.unlink(missing_ok=True)


def _hear(job: Job, pipe: Connection) -> bool:
    """Note what the process says of a job; whether it is finished."""
    try:
        told = json.loads(pipe.recv_bytes(_LONGEST_MESSAGE))
    except (EOFError, OSError):
        job.error = _DIED
        return False
    if "trace" in told:
        _log.warning("a recording could not be read\n%s", told["trace"])
    job.error = str(told.get("failed", ""))
    job.stage = str(told.get("stage", job.stage))
    job.done, job.total = int(told.get("done", 0)), int(told.get("total", 0))
    return bool(told.get("finished"))
