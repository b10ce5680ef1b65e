"""MSR-Action3D: small files written here, and the way to a trained network."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.protocols import split
from skelflow.errors import DataError, FormatError
from skelflow.recordings import find_recordings, open_recording
from skelflow.skeleton.layouts import KINECT_V1
from skelflow.types import Labels
from tests.cli.test_commands import run

RECIPE = """
batch_size = 8
epochs = 1
[model]
name = "gcn"
width = 0.25
frames = 16
"""

# Somebody who faces the sensor, as it reports people: meters, x to their right, y up, z away.
PERSON = {
    "left_shoulder": (-0.19, 0.36, 2.62),
    "right_shoulder": (0.17, 0.35, 2.61),
    "shoulder_center": (-0.01, 0.41, 2.55),
    "spine": (-0.01, 0.21, 2.71),
    "left_hip": (-0.15, -0.01, 2.60),
    "right_hip": (0.14, -0.02, 2.59),
    "hip_center": (0.0, 0.0, 2.70),
    "left_elbow": (-0.25, 0.11, 2.63),
    "right_elbow": (0.23, 0.10, 2.64),
    "left_wrist": (-0.23, -0.17, 2.57),
    "right_wrist": (0.22, -0.19, 2.56),
    "left_hand": (-0.22, -0.24, 2.55),
    "right_hand": (0.21, -0.26, 2.54),
    "left_knee": (-0.12, -0.58, 2.66),
    "right_knee": (0.11, -0.59, 2.65),
    "left_ankle": (-0.13, -1.0, 2.74),
    "right_ankle": (0.12, -1.01, 2.73),
    "left_foot": (-0.15, -1.03, 2.58),
    "right_foot": (0.13, -1.02, 2.57),
    "head": (0.01, 0.66, 2.53),
}


def lines_of(frames: int, action: int = 8) -> list[str]:
    """The lines of a file: the right hand moves aside, further in actions of higher number."""
    found = []
    for t in range(frames):
        for name, (x, y, z) in PERSON.items():
            aside = 0.01 * action * t / frames if name == "right_hand" else 0.0
            found.append(f"{x + aside:.6f} {y:.6f} {z:.6f} {0.5:.6f}")
    return found


def write(folder: Path, name: str = "a08_s02_e03", frames: int = 12) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_skeleton3D.txt"
    path.write_text("\n".join(lines_of(frames, int(name[1:3]))) + "\n")
    return path


def test_msr_action3d_joints_have_their_names_and_y_is_down(tmp_path: Path) -> None:
    skeleton = open_recording(write(tmp_path)).skeleton
    assert skeleton is not None
    assert (skeleton.layout, skeleton.joints_m.shape) == ("kinect_v1", (12, 1, 20, 3))
    for joint, name in enumerate(KINECT_V1.joints):
        x, y, z = PERSON[name]
        np.testing.assert_allclose(skeleton.joints_m[0, 0, joint], (x, -y, z), atol=1e-6)
        expected_px = 160 + 285.63 * x / z, 120 - 285.63 * y / z
        np.testing.assert_allclose(skeleton.joints_px[0, 0, joint], expected_px, atol=1e-3)
    assert (skeleton.tracking == 2).all()


def test_msr_action3d_moves_the_hand_that_moved(tmp_path: Path) -> None:
    skeleton = open_recording(write(tmp_path)).skeleton
    assert skeleton is not None
    moved = np.abs(np.diff(skeleton.joints_m[:, 0], axis=0)).sum(axis=(0, 2))
    (moving,) = np.flatnonzero(moved)
    assert KINECT_V1.joints[moving] == "right_hand"


def test_msr_action3d_is_a_skeleton_without_depth(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path))
    assert (recording.name, len(recording), recording.source) == ("a08_s02_e03", 12, "msr_action3d")
    assert (recording.has_depth, recording.mirrored) == (False, True)
    assert recording.labels == Labels(action=8, subject=2, replication=3)
    with pytest.raises(FormatError, match=r"a08_s02_e03_skeleton3D\.txt: no depth"):
        _ = recording.depth[0]


def test_msr_action3d_takes_a_joint_in_the_sensor_for_missing(tmp_path: Path) -> None:
    path = write(tmp_path, frames=3)
    lines = path.read_text().splitlines()
    lines[20 + list(PERSON).index("head")] = "0.000000 0.000000 0.000000 0.000000"
    path.write_text("\n".join(lines))
    skeleton = open_recording(path).skeleton
    assert skeleton is not None
    missing = np.zeros((3, 1, 20), bool)
    missing[1, 0, KINECT_V1.joints.index("head")] = True
    np.testing.assert_array_equal(np.isnan(skeleton.joints_m).all(axis=-1), missing)
    np.testing.assert_array_equal(skeleton.tracking == 0, missing)


def test_msr_action3d_refuses_joints_in_pixels_and_names_the_file(tmp_path: Path) -> None:
    pixels = tmp_path / "a01_s01_e01_skeleton.txt"
    pixels.write_text("  1.2000000e+002  8.0000000e+001  6.6900000e+002  1.0000000e+000\n" * 20)
    with pytest.raises(FormatError, match=r"pixels of .*; expected a01_s01_e01_skeleton3D\.txt"):
        open_recording(pixels)
    with pytest.raises(DataError, match=r"expected one of: .*its _skeleton\.txt are pixels"):
        find_recordings(tmp_path)
    space = write(tmp_path, "a01_s01_e01")
    assert find_recordings(tmp_path) == [space]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.1 0.2 2.5", r"line 2: found '0\.1 0\.2 2\.5', expected x, y, z and a confidence"),
        ("0.1 0.2 2.5 1 7", "line 2: .*expected x, y, z and a confidence"),
        ("0.1 0.2 two 1", "line 2: .*expected x, y, z and a confidence"),
        ("0.1 nan 2.5 1", "line 2: .*expected x, y, z and a confidence"),
        ("0.1 inf 2.5 1", "line 2: .*expected x, y, z and a confidence"),
        ("0.1 1e999 2.5 1", "line 2: .*expected x, y, z and a confidence"),
        ("1_0 0.2 2.5 1", "line 2: .*expected x, y, z and a confidence"),
        ("0.1 0.2 2500 1", "a joint's z is 2500, expected meters"),
        ("0.1 1e300 2.5 1", r"a joint's y is 1e\+300, expected meters"),
        ("", "39 joints, expected 20 a frame"),
    ],
)
def test_msr_action3d_refuses_what_is_no_joint(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path, frames=2)
    lines = path.read_text().splitlines()
    lines[1] = line
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=rf"a08_s02_e03_skeleton3D\.txt(: |, ){message}"):
        open_recording(path)


def test_msr_action3d_refuses_people_behind_the_sensor_and_empty_files(tmp_path: Path) -> None:
    path = tmp_path / "a08_s02_e03_skeleton3D.txt"
    path.write_text("0.1 0.2 -2.5 1\n" * 20)
    with pytest.raises(FormatError, match=r"z is -2\.5 m in the median, expected meters in front"):
        open_recording(path)
    path.write_text("\n")
    with pytest.raises(FormatError, match=r"0 joints, expected 20 a frame"):
        open_recording(path)


def test_msr_action3d_reads_as_many_frames_as_twenties_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "a08_s02_e03_skeleton3D.txt"

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 90), st.lists(st.integers(0, 90), max_size=5))
    def check(count: int, blank: list[int]) -> None:
        lines = lines_of(5)[:count]
        for at in blank:
            lines.insert(min(at, len(lines)), " ")
        path.write_text("\n".join(lines))
        if count and count % 20 == 0:
            assert len(open_recording(path)) == count // 20
        else:
            with pytest.raises(FormatError, match=f"{count} joints?, expected 20 a frame"):
                open_recording(path)

    check()


def test_msr_action3d_divides_by_subject_and_by_set_of_actions() -> None:
    data_set = find_data_set("msr_action3d")
    labels = {
        f"a{action:02}_s{subject:02}": Labels(action=action, subject=subject)
        for action in range(1, 21)
        for subject in range(1, 11)
    }
    assert set(data_set.action_names) == {label.action for label in labels.values()}
    training, test = split(labels, data_set.protocol())
    assert {name[4:] for name in training} == {"s01", "s03", "s05", "s07", "s09"}
    assert (len(training), len(test)) == (100, 100)
    counts = {}
    for name in ("as1", "as2", "as3"):
        training, test = split(labels, data_set.protocol(f"{name}-cross-subject"))
        assert (len(training), len(test)) == (40, 40)
        counts[name] = {each[:3] for each in training}
    assert set.union(*counts.values()) == {f"a{action:02}" for action in range(1, 21)}
    assert counts["as3"] & counts["as2"] == {"a14"}
    assert counts["as3"] & counts["as1"] == {"a06", "a18", "a20"}


def test_msr_action3d_goes_from_text_files_to_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, store, result = tmp_path / "data", tmp_path / "store", tmp_path / "run"
    for action in (1, 8):
        for subject in (1, 2, 3):
            write(data, f"a{action:02}_s{subject:02}_e01", 9 + subject)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    assert run("info", data) == 0
    assert "cross-subject      4 train, 2 test" in capsys.readouterr().out
    assert run("prepare", data, "--out", store, "--skeletons-only", "--workers", "1") == 0
    assert run("train", tmp_path / "recipe.toml", store, "--run", result) == 0
    assert run("evaluate", result, store, "--protocol", "as2-cross-subject") == 0
    assert "on 2 test sequences, as2-cross-subject" in capsys.readouterr().out
    assert run("predict", result, data / "a08_s02_e01_skeleton3D.txt", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert {guess["name"] for guess in answer["guesses"]} == {"high arm wave", "draw tick"}
