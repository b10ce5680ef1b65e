"""A recording of a skeleton alone, in every command that a skeleton network answers."""

import base64
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.inference import Recognizer
from skelflow.recordings import open_recording
from skelflow.web.answer import ANSWER, POINTS, write_answer
from tests.cli.test_commands import run

WEIGHTS, FRAMES, RATE_HZ = "utd-mhad-skeleton", 24, 30


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """One of Northwestern-UCLA: somebody who moves sideways."""
    random = np.random.default_rng(0)
    person = random.uniform((-0.4, -0.9, 2.8), (0.4, 0.9, 3.2), (20, 3))
    moved = person + np.arange(FRAMES)[:, None, None] * (0.01, 0, 0)
    path = tmp_path / "a01_s01_e00_v01.json"
    path.write_text(json.dumps({"skeletons": moved.tolist()}))
    (tmp_path / "actions.txt").write_text("1: right arm swipe to the left\n")  # as the network says
    return path


def pictures(page: Path) -> list[np.ndarray]:
    """The first picture of each player of a page."""
    found = re.findall(r'<img alt="[^"]*" src="data:image/jpeg;base64,([^"]*)"', page.read_text())
    packed = [np.frombuffer(base64.b64decode(each), np.uint8) for each in found]
    return [np.asarray(cv2.imdecode(each, cv2.IMREAD_COLOR)) for each in packed]


@pytest.mark.parametrize("command", ["explain", "report"])
def test_pages_show_the_skeleton_on_black(command: str, recording: Path, tmp_path: Path) -> None:
    assert run(command, WEIGHTS, recording, "--out", tmp_path / "out") == 0
    (picture,) = pictures(tmp_path / "out" / "index.html")
    assert picture.max() > 100
    assert np.median(picture) == 0


def test_live_replays_it(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("live", recording, "--weights", WEIGHTS, "--every-s", "0.3", "--json")
    assert run(*words) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answers[-1]["end_s"] == pytest.approx(FRAMES / RATE_HZ)
    assert answers[-1]["predictions"]


def test_windows_say_what_happens_when(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", WEIGHTS, recording, "--windows", "--json") == 0
    found = json.loads(capsys.readouterr().out)["windows"]
    assert found[-1]["end_s"] == pytest.approx(FRAMES / RATE_HZ)


def test_page_in_the_browser_gets_joints_and_no_points(recording: Path, tmp_path: Path) -> None:
    read = open_recording(recording)
    write_answer(read, Recognizer.load(WEIGHTS).explain(read), None, tmp_path)
    answer = json.loads((tmp_path / ANSWER).read_text())
    assert [view["name"] for view in answer["views"]] == ["skeleton"]
    assert np.shape(answer["skeleton"]["joints_m"])[1:] == (1, 20, 3)
    assert answer["points"] == 0
    assert (tmp_path / POINTS).read_bytes() == b""
