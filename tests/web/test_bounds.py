"""What the server holds to by itself: names, paths, how long answers stay, who does not read."""

import asyncio
import json
import multiprocessing
import shutil
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from skelflow.web import serve
from skelflow.web.guard import Guard
from skelflow.web.jobs import Jobs
from skelflow.web.limits import Limits
from skelflow.web.live import routes
from skelflow.web.live.replay import TEXT
from skelflow.web.samples import SampleFile
from skelflow.web.worker import Task, without_paths
from skelflow.weights import bundled_file
from tests.waiting import wait_for


@pytest.mark.parametrize("host", ["box.example", "BOX.example:8000"])
def test_names_are_the_same_in_any_case(host: str) -> None:
    told: list[Any] = []

    async def app(scope: Any, *_: Any) -> None:
        told.append(scope["path"])

    async def nothing(*_: Any) -> Any:
        return {}

    headers = [(b"host", host.encode()), (b"origin", b"http://" + host.lower().encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    asyncio.run(Guard(app, ["Box.Example"], 100)(scope, nothing, nothing))
    assert told == ["/"]


def test_old_answers_are_removed_though_nobody_asks(tmp_path: Path) -> None:
    jobs = Jobs("synthetic-8", tmp_path, Limits(kept_s=0.1))
    try:
        job = jobs.open("wave")
        job.state = "done"
        wait_for(lambda: not job.folder.exists())
    finally:
        jobs.close()


def test_messages_name_no_folder_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "disk" / "skeletons").mkdir(parents=True)
    (tmp_path / "here").symlink_to(tmp_path / "disk")
    recording = tmp_path / "here" / "skeletons" / "a.skeleton"
    task = Task("synthetic-8", None, recording, tmp_path / "job", Limits())
    message = (
        f"{recording}: no depth, expected {tmp_path}/here/depth/a or {tmp_path}/disk/depth_masked/a"
        f" beside {recording.resolve()}, see http://a.example/b and 1/2/3"
    )
    assert without_paths(message, task) == (
        "a.skeleton: no depth, expected a or a beside a.skeleton, see http://a.example/b and 1/2/3"
    )


@pytest.mark.parametrize("weights", [".", "/"])
def test_messages_keep_their_dots_where_the_weights_have_no_name(
    weights: str, tmp_path: Path
) -> None:
    message = "a.skeleton: 1/2 of 3.5 s are missing. Expected all."
    assert without_paths(message, Task(weights, None, None, tmp_path, Limits())) == message


def test_weights_of_the_folder_one_stands_in_have_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "fused_run"
    run.mkdir()
    shutil.copy(bundled_file("synthetic-8"), run / "best.safetensors")
    monkeypatch.chdir(run)
    made: list[str] = []
    monkeypatch.setattr(serve, "create_app", lambda *_, weights, **__: made.append(weights))
    started = Mock(return_value=Mock(close=lambda: None))
    monkeypatch.setattr(serve, "Jobs", started)
    with serve.server("."):
        assert made == ["fused_run"]
    assert started.call_args.args[0] == str(run.resolve())


def test_a_refused_name_is_told_how_it_is_allowed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    headers = [(b"host", b"192.168.1.5:8000")]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    asyncio.run(Guard(receive, ["0.0.0.0"], 100)(scope, receive, send))
    assert sent[0]["status"] == 421
    assert "--name 192.168.1.5" in json.loads(sent[1]["body"])["error"]


class _Process(multiprocessing.Process):
    """Stands for the process that replays; it is never started."""

    ended = False

    def kill(self) -> None:
        self.ended = True

    def join(self, timeout: float | None = None) -> None:  # noqa: ARG002
        assert self.ended


class _Starter:
    """Starts a process that has something to say."""

    weights = "synthetic-8"

    def __init__(self, limits: Limits) -> None:
        self.limits, self.process = limits, _Process()

    def start(self, *_: Any) -> tuple[_Process, Connection]:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        theirs.send_bytes(bytes([TEXT]) + json.dumps({"begins": {}}).encode())
        return self.process, ours


class _Deaf:
    """A socket whose other side stays, and reads nothing."""

    async def receive(self) -> None:
        await asyncio.Event().wait()

    async def send_json(self, _: Any) -> None:
        await asyncio.Event().wait()


def test_who_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    jobs: Any = _Starter(Limits(work_s=0.2))
    socket: Any = _Deaf()
    with pytest.raises(TimeoutError):
        asyncio.run(routes._follow(socket, jobs, SampleFile("0", "wave", tmp_path / "wave.zip")))
    assert jobs.process.ended
