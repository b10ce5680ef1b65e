"""The WebSocket by which the page follows a recording that is replayed as from a camera."""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from skelflow.web.jobs import Jobs
from skelflow.web.live.replay import TEXT, run_live
from skelflow.web.samples import SampleFile
from skelflow.web.worker import Task

_BUSY = "busy: others watch live; try again in a moment"
_ENDED = "the recording cannot be replayed within bounds"
_LARGEST_MESSAGE = 2**20
_LOOK_S = 0.2


def live_routes(jobs: Jobs, samples: list[SampleFile]) -> APIRouter:
    """The operation that replays a recording which is here.

    Parameters
    ----------
    jobs : starts processes, and says within which limits.
    samples : recordings to choose from.
    """
    routes, by_name = APIRouter(), {sample.name: sample for sample in samples}
    watching = asyncio.Semaphore(jobs.limits.live)

    @routes.websocket("/api/live/{name}")
    async def watch(socket: WebSocket, name: str) -> None:
        """Pictures as binary messages, the view before the JPEG; answers as JSON."""
        await socket.accept()
        with suppress(WebSocketDisconnect, RuntimeError):
            if name not in by_name:
                await socket.send_json({"failed": "there is no such recording"})
            elif watching.locked():
                await socket.send_json({"failed": _BUSY})
            else:
                async with watching:
                    await _follow(socket, jobs, by_name[name])
            await socket.close()

    return routes


async def _follow(socket: WebSocket, jobs: Jobs, sample: SampleFile) -> None:
    """Hand on what the process says until it ends or nobody looks any longer."""
    with _place() as folder, _replaying(jobs, sample, folder) as pipe:
        gone = asyncio.ensure_future(_gone(socket))
        latest = time.monotonic() + jobs.limits.work_s
        try:
            while not gone.done() and time.monotonic() < latest:
                message = await asyncio.to_thread(_next, pipe)
                if message and not await _hand_on(socket, message):
                    return
            if not gone.done():
                await socket.send_json({"failed": _ENDED})
        except (EOFError, OSError):
            await socket.send_json({"failed": _ENDED})
        finally:
            gone.cancel()


async def _hand_on(socket: WebSocket, message: bytes) -> bool:
    """Whether more is to come."""
    if message[0] != TEXT:
        await socket.send_bytes(message)
        return True
    told = json.loads(message[1:])
    await socket.send_json(told)
    return "finished" not in told and "failed" not in told


async def _gone(socket: WebSocket) -> None:
    """Return when the other side has left; what it says meanwhile is not listened to."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass


def _next(pipe: Connection) -> bytes:
    """The next message; nothing where none comes for a moment."""
    return pipe.recv_bytes(_LARGEST_MESSAGE) if pipe.poll(_LOOK_S) else b""


@contextmanager
def _replaying(jobs: Jobs, sample: SampleFile, folder: Path) -> Iterator[Connection]:
    """The pipe of a process that replays; the process is killed at the end of the block."""
    task = Task(jobs.weights, None, sample.path, folder, jobs.limits)
    process, pipe = jobs.start(run_live, task)
    try:
        yield pipe
    finally:
        process.kill()
        process.join()
        process.close()
        pipe.close()


@contextmanager
def _place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="skelflow-live-"))
    (folder / "sent").mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
