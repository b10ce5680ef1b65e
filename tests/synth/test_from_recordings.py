"""`synth --from`: skeletons of any recording, at their speed, by their own numbers and names."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.datasets.catalog import action_name
from skelflow.errors import ConfigError, DataError
from skelflow.recordings import open_recording
from skelflow.recordings.folder.writer import write_folder
from skelflow.synth.motions.joint_tracks import read_joint_tracks
from skelflow.synth.motions.perform import perform
from skelflow.synth.recording.build_scene import build_scene
from skelflow.synth.recording.recording_spec import RecordingSpec, SynthConfig, plan_recordings
from skelflow.synth.recording.synthesize import synthesize
from skelflow.types import Camera, Frames, Labels, Recording, Skeleton
from skelflow.viz.people import draw_recording, pick_recordings
from tests.cli.test_commands import run

CAMERA = Camera(512, 424, 365.0, 365.0, 255.5, 211.5)
QUICK = SynthConfig(cameras=(2,), setups=1, clean=True, color_size=None, longest=2)
SEVEN_JOINTS = """
joints = ["hip_center", "head", "left_hand", "right_hand", "left_foot", "right_foot"]
bones = [["hip_center", "head"], ["hip_center", "left_hand"], ["hip_center", "right_hand"],
         ["hip_center", "left_foot"], ["hip_center", "right_foot"]]
root = "hip_center"
"""


def _skeleton(action: int = 23, *, frames: int = 40) -> Skeleton:
    joints_m = perform(action, performer=6, replication=1, seed=0).people[0].joints_m
    assert joints_m is not None
    joints = np.stack([joints_m(t) for t in range(frames)])[:, None] + np.float32([0, 0, 3])
    pixels = np.zeros((*joints.shape[:-1], 2), np.float32)
    return Skeleton("kinect_v2", joints, pixels, np.full(joints.shape[:3], 2, np.uint8))


def _write(path: Path, labels: Labels, *, frame_rate_hz: float = 30.0, performed: int = 23) -> Path:
    """A folder with a skeleton alone."""
    skeleton = _skeleton(performed)
    depth = Frames[np.ndarray].absent(len(skeleton), "none")
    recording = Recording(
        path.name, path, CAMERA, frame_rate_hz, depth, skeleton=skeleton, labels=labels
    )
    write_folder(recording, path)
    return path


def test_labels_of_0_are_numbers_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "actions.txt").write_text("0: wave\n1: clap\n")
    wave = _write(tmp_path / "wave", Labels(action=0, subject=0, replication=0))
    clap = _write(tmp_path / "clap", Labels(action=1, subject=0, replication=0))
    specs = plan_recordings(QUICK.replace(retargeted=(wave, clap)))
    assert [spec.name[8:] for spec in specs] == ["P000R000A000", "P000R000A001"]
    again = plan_recordings(QUICK.replace(retargeted=(clap, wave)))
    assert again == specs


def test_a_recording_without_an_action_gets_a_number_that_means_nothing_else(
    tmp_path: Path,
) -> None:
    unknown = _write(tmp_path / "unknown", Labels())
    wave = _write(tmp_path / "wave", Labels(action=0))
    numbers = {
        spec.skeleton: spec.action
        for spec in plan_recordings(QUICK.replace(retargeted=(unknown, wave)), named=(1, 2))
    }
    assert numbers == {unknown: 3, wave: 0}


def test_labels_of_four_digits_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "wave", Labels(action=1000))
    with pytest.raises(DataError, match=r"wave: action 1000, expected at most 999"):
        plan_recordings(QUICK.replace(retargeted=(path,)))


def test_actions_without_a_name_are_not_called_by_those_of_ntu(tmp_path: Path) -> None:
    unknown = _write(tmp_path / "unknown", Labels())
    first = _write(tmp_path / "first", Labels(action=1))
    out = tmp_path / "played"
    assert run("synth", "--out", out, "--from", unknown, first, *_quick_words()) == 0
    made = {path.name[-4:]: path for path in (out / "nturgb+d_depth").iterdir()}
    assert made.keys() == {"A000", "A001"}
    assert action_name(open_recording(made["A000"])) == "unlabeled"
    assert action_name(open_recording(made["A001"])) == "action 1"


def _quick_words() -> tuple[str, ...]:
    return ("--cameras", "2", "--no-color", "--longest", "2", "--clean", "--workers", "1")


def test_sheet_titles_an_action_by_its_own_name(tmp_path: Path) -> None:
    path = _write(tmp_path / "swipe", Labels(action=1, subject=2))
    config = QUICK.replace(retargeted=(path,), color_size=(96, 54))
    synthesize(tmp_path / "played", config, action_names={1: "swipe left"})
    _, title = draw_recording(tmp_path / "played", "S001C002P002R001A001", preset="fast")
    assert title.startswith("person 2: swipe left,")


@pytest.mark.parametrize(("rate_hz", "frames"), [(15.0, 79), (30.0, 40), (60.0, 20), (29.97, 40)])
def test_a_recording_lasts_as_long_at_any_frame_rate(
    tmp_path: Path, rate_hz: float, frames: int
) -> None:
    path = _write(tmp_path / "wave", Labels(action=23), frame_rate_hz=rate_hz)
    config = QUICK.replace(retargeted=(path,), longest=None)
    (spec,) = plan_recordings(config)
    assert build_scene(spec, config).frames == frames


def test_frames_between_recorded_ones_are_interpolated() -> None:
    whole = _skeleton(frames=41)
    half = replace(
        whole,
        joints_m=whole.joints_m[::2],
        joints_px=whole.joints_px[::2],
        tracking=whole.tracking[::2],
    )
    (tracks,) = read_joint_tracks(whole)
    (slow,) = read_joint_tracks(half, frame_rate_hz=15.0)
    for name in ("right_hand", "head"):
        np.testing.assert_allclose(slow[name], tracks[name], atol=0.02)
    assert np.ptp(tracks["right_hand"], axis=0).max() > 0.2  # a hand that moves


def test_synthesize_tells_recordings_of_one_name_apart(tmp_path: Path) -> None:
    first = _write(tmp_path / "day1" / "wave", Labels(action=1, subject=1))
    second = _write(tmp_path / "day2" / "wave", Labels(action=1, subject=1), performed=10)
    out = tmp_path / "played"
    assert synthesize(out, QUICK.replace(retargeted=(first,))).made == 1
    assert synthesize(out, QUICK.replace(retargeted=(first,))).made == 0
    with pytest.raises(ConfigError, match=r"made otherwise \(joints \['wave [0-9a-f]{16}'\] there"):
        synthesize(out, QUICK.replace(retargeted=(second,)))
    settings = json.loads((out / "synth.json").read_text())
    del settings["joints"]  # as earlier versions wrote it
    (out / "synth.json").write_text(json.dumps(settings))
    assert synthesize(out, QUICK.replace(retargeted=(first,))).made == 0


def test_pick_recordings_fills_the_sheet_with_others() -> None:
    labels = [(5, 9), (5, 4), (6, 4), (6, 9), (7, 2)]
    specs = [RecordingSpec(1, c, p, 1, a) for p, a in labels for c in (1, 2)]
    picked = pick_recordings(specs)
    assert len(picked) == len(set(picked)) == 8
    assert {(spec.performer, spec.action) for spec in picked[:5]} == set(labels)
    unlike = [RecordingSpec(1, 2, number, 1, 9 - number) for number in range(1, 9)]
    assert sorted(pick_recordings(unlike), key=unlike.index) == unlike


def test_plan_recordings_refuses_joints_that_are_no_whole_body(tmp_path: Path) -> None:
    (tmp_path / "recording.toml").write_text(
        "[recording]\nframe_rate_hz = 30\n[camera]\nwidth = 512\nheight = 424\nfov_x_deg = 70\n"
        f"[skeleton]{SEVEN_JOINTS}"
    )
    lines = [f"{t},0,head,0,0,2" for t in range(4)]
    (tmp_path / "skeleton.csv").write_text("\n".join(["frame,body,joint,x_m,y_m,z_m", *lines]))
    with pytest.raises(DataError) as refused:
        plan_recordings(QUICK.replace(retargeted=(tmp_path,)))
    assert str(refused.value).startswith(f"{tmp_path}: joint layout ")
    assert "has no spine_mid (or spine), left_shoulder," in str(refused.value)
    assert "spine_shoulder (or shoulder_center)" in str(refused.value)
    assert "head" not in str(refused.value)
    assert "neck" not in str(refused.value)
    assert "spine_base" not in str(refused.value)


@pytest.mark.parametrize("words", [("--actions", "23"), ("--people", "8"), ("--replications", "1")])
def test_synth_command_refuses_what_has_no_effect_on_recordings(
    words: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path / "wave", Labels(action=1))
    assert run("synth", "--out", tmp_path / "out", "--from", path, *words) == 2
    assert f"{words[0]}: of no effect with --from" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
