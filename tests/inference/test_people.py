"""One answer a person: each alone, in order of motion, and only where a network can tell."""

import json
from pathlib import Path

import numpy as np
import pytest

from skelflow.inference import Recognizer
from skelflow.inference.people import find_people
from skelflow.recordings import open_recording
from tests.cli.test_commands import run
from tests.tiny_ntu import NAME, person, write_depth, write_skeleton

FRAMES = 20


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    bodies = [{1: person(t), 2: person(3 * t, 0.1 * np.sin(t) + 0.8)} for t in range(FRAMES)]
    write_skeleton(folder, bodies, name=NAME)
    write_depth(folder / "nturgb+d_depth" / NAME, FRAMES, mm=3000)
    return folder / "nturgb+d_depth" / NAME


def test_each_person_is_read_alone(path: Path) -> None:
    recognizer, recording = Recognizer.load("synthetic-8"), open_recording(path)
    first, second = find_people(recognizer, recording)
    assert recording.skeleton is not None
    for body, each in enumerate((first, second)):
        skeleton = each.recording.skeleton
        assert skeleton is not None
        assert skeleton.joints_m.shape[1] == 1
        np.testing.assert_array_equal(skeleton.joints_m[:, 0], recording.skeleton.joints_m[:, body])
    assert (first.number, first.start_s, first.end_s) == (1, 0.0, FRAMES / 30)
    assert "person 2 of 2, read alone" in second.note


def test_predict_names_what_each_person_does(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", "synthetic-8", path, "--people", "--json") == 0
    people = json.loads(capsys.readouterr().out)["people"]
    assert [person["person"] for person in people] == [1, 2]
    assert all(len(person["scores"]) == 1 for person in people)
    chosen = people[0]["guesses"][0]["probability"], people[1]["guesses"][0]["probability"]
    assert chosen[0] != chosen[1]
