"""Commands that answer for many recordings, for a program, and while frames come."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from skelflow.inference.stream import StreamFrame, StreamSource, frames_of
from skelflow.inference.stream.cameras import register_camera
from skelflow.recordings import open_recording
from tests.cli.test_commands import run
from tests.web.visitor import write_recording

NAMES = ("S001C002P003R001A058", "S001C002P004R001A058")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    for name in NAMES:
        write_recording(folder, name, frames=8)
    return folder


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_predict_answers_for_a_folder_as_for_each_of_its_recordings(
    recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", "synthetic-8", recordings, "--json") == 0
    both = json.loads(said(capsys))
    assert [answer["recording"] for answer in both] == list(NAMES)
    path = recordings / "nturgb+d_skeletons" / f"{NAMES[0]}.skeleton"
    assert run("predict", "synthetic-8", path, "--json") == 0
    assert json.loads(said(capsys))["guesses"] == both[0]["guesses"]


def test_predict_windows_cover_the_recording(
    recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recordings / "nturgb+d_skeletons" / f"{NAMES[0]}.skeleton"
    times = ("--window-s", "0.2", "--every-s", "0.1")
    assert run("predict", "synthetic-8", path, "--windows", *times, "--json") == 0
    windows = json.loads(said(capsys))["windows"]
    assert windows[0]["start_s"] == 0
    assert windows[-1]["end_s"] == pytest.approx(8 / 30)
    assert all(0 < window["probability"] <= 1 for window in windows)


def test_live_answers_while_frames_come_and_says_what_was_lost(
    recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recordings / "nturgb+d_skeletons" / f"{NAMES[0]}.skeleton"
    assert run("live", path, "--most-behind", "1000") == 0
    *answers, last = said(capsys).splitlines()
    assert answers
    assert all("ms late" in answer for answer in answers)
    assert last == "kept up with 30 frames a second: 0 of 8 frames dropped"


def test_live_reads_a_camera_until_ctrl_c_and_says_what_was_lost(
    recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = open_recording(recordings / "nturgb+d_skeletons" / f"{NAMES[0]}.skeleton")

    def until_stopped() -> Iterator[StreamFrame]:
        yield from frames_of(opened)
        raise KeyboardInterrupt

    register_camera("stopped", lambda *_, **__: (StreamSource.of(opened), until_stopped()))
    assert run("live", "stopped", "--every-s", "0.1") == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1].startswith("kept up with 30 frames a second: 0 of ")
    assert "goes on" not in told.err


def test_serve_ends_as_it_says_at_ctrl_c_and_tells_how_others_may_ask(
    recordings: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(_: uvicorn.Server) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(uvicorn.Server, "main_loop", stop)
    words = ("serve", "--recordings", recordings, "--port", "0")
    for host, hinted in (("127.0.0.1", False), ("0.0.0.0", True)):
        assert run(*words, "--host", host) == 0
        told = capsys.readouterr()
        assert ("--name 192.168.1.5" in told.out) == hinted
        assert "goes on" not in told.err


def test_protocols_speak_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("protocols", "--json") == 0
    known = json.loads(said(capsys))["ntu"]
    assert {"name", "divides", "training", "published"} == set(known[0])
    assert [len(each["training"]) for each in known if each["name"] == "cross-subject"] == [20]
