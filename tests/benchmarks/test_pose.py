"""The measure of estimated joints, and the sample of recordings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.pose import compare, print_table, sample_recordings
from skelflow.types import Skeleton


@pytest.fixture
def truth() -> Skeleton:
    """One of two bodies is there, in two of three frames; joints in a column of 190 pixels."""
    joints_px = np.full((3, 2, 20, 2), np.nan, np.float32)
    joints_px[:2, 1, :, 0], joints_px[:2, 1, :, 1] = 50, 10 * np.arange(20)
    joints_m = np.concatenate((joints_px / 100, np.full((3, 2, 20, 1), 2, np.float32)), axis=-1)
    joints_m[np.isnan(joints_px).any(axis=-1)] = np.nan
    return Skeleton("kinect_v1", joints_m, joints_px, np.full((3, 2, 20), 2, np.uint8))


def test_compare_finds_bodies_whatever_their_number(truth: Skeleton) -> None:
    shifted = truth.joints_px[:, ::-1] + np.float32((3, 4))
    found = replace(truth, joints_px=shifted, joints_m=truth.joints_m[:, ::-1] + np.float32(0.1))
    result = compare(found, truth)
    assert result["found"] == [True, True]
    assert result["px"] == [5.0] * 40
    np.testing.assert_allclose(result["mm"], 173.2, atol=0.11)


def test_compare_counts_who_is_missed_or_elsewhere(truth: Skeleton) -> None:
    elsewhere = truth.joints_px + np.float32((60, 0))
    elsewhere[1] = np.nan
    result = compare(replace(truth, joints_px=elsewhere), truth)
    assert result == {"found": [False, False], "px": [], "mm": []}


def test_sample_holds_every_action_of_test_subjects(tmp_path: Path) -> None:
    (tmp_path / "depth").mkdir()
    for action in range(1, 28):
        for subject in range(1, 9):
            (tmp_path / "depth" / f"a{action}_s{subject}_t1_depth.mat").touch()
    names = [path.name for path in sample_recordings(tmp_path, 54)]
    assert len(set(names)) == 54
    assert {name.split("_")[0] for name in names[:27]} == {f"a{n}" for n in range(1, 28)}
    assert {name.split("_")[1] for name in names} == {"s2", "s4", "s6", "s8"}


def test_table_counts_right_answers_of_recorded_and_estimated_joints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    errors = {"found": [True, False], "px": [1.0], "mm": [2.0]}
    answers = [{"recorded": 3, "estimated": 5}, {"recorded": 4, "estimated": 4}]
    measured = [
        {"action": action, "own": errors, "nominal": errors, "answers": {"gcn": answer}}
        | {"cpu_s": 0.5, "frames": 10}
        for action, answer in zip((3, 4), answers, strict=True)
    ]
    print_table(measured, ["gcn"])
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["gcn", "2", "1", "1"] in printed
    assert printed[-1] == ["50", "ms", "a", "frame"]
