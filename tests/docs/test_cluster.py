"""The examples of docs/cluster.md run as they stand, in order."""

import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import dask
import pytest

from skelflow.datasets.store import Store
from tests.cli.test_commands import run
from tests.conftest import REPOSITORY
from tests.tiny_folder import write_recordings

PAGE = (REPOSITORY / "docs" / "cluster.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def background() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes that are stopped at the end."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.terminate()
    for process in started:
        process.wait()


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def test_cluster_page_examples_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    background: list["subprocess.Popen[bytes]"],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_recordings(tmp_path / "recordings")
    names: dict[str, object] = {"__name__": "page"}
    port = free_port()
    for language, block in BLOCKS:
        if language == "sh":
            for line in block.replace("8786", port).splitlines():
                start(line, background)
        elif language == "python" and "dask_jobqueue" not in block:
            capsys.readouterr()
            exec(compile(block, "docs/cluster.md", "exec"), names)
        elif language == "text":  # what the block before it prints
            assert capsys.readouterr().out == block
    assert Store.open("stores/there").names() == Store.open("stores/mine").names()


def start(line: str, background: list["subprocess.Popen[bytes]"]) -> None:
    program, *words = shlex.split(line)
    if program == "skelflow":
        assert run(*words) == 0, line
        return
    assert program == "dask"
    command = [sys.executable, "-m", "dask", *words]
    background.append(
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    )


def test_cluster_page_names_a_job_that_slurm_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("dask_jobqueue") is None:
        pytest.skip("dask-jobqueue is not installed")
    (block,) = (block for _, block in BLOCKS if "dask_jobqueue" in block)
    asked: dict[str, object] = {}
    here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}

    def prepare(*where: str, scheduler: str, progress: object) -> None:
        asked.update(where=where, scheduler=scheduler, progress=progress)
        raise KeyboardInterrupt

    monkeypatch.setattr("skelflow.datasets.prepare.run.prepare", prepare)
    monkeypatch.setattr("dask_jobqueue.SLURMCluster.scale", lambda *_, **__: None)
    with (
        dask.config.set({"jobqueue.slurm.scheduler-options": here}),
        pytest.raises(KeyboardInterrupt),
    ):
        exec(compile(block, "docs/cluster.md", "exec"), {"__name__": "__main__"})
    assert asked["where"] == ("NTU", "stores/ntu")
    assert str(asked["scheduler"]).startswith("tcp://")
