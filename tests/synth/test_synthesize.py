"""Synthetic recordings in files: what was rendered comes back, exactly and repeatably."""

from pathlib import Path

import numpy as np
import pytest

from skelflow.camera.calibration.fit import project_color
from skelflow.camera.pinhole import project, unproject
from skelflow.errors import ConfigError, DataError
from skelflow.io.atomic import LOCK
from skelflow.recordings import find_recordings, open_recording
from skelflow.recordings.action_names import find_action_names
from skelflow.synth.recording.build_scene import build_scene
from skelflow.synth.recording.recording_spec import RecordingSpec, SynthConfig, plan_recordings
from skelflow.synth.recording.synthesize import synthesize, truth_path
from skelflow.synth.recording.truth_file import read_truth
from skelflow.synth.rendering.frame import render_frame
from skelflow.synth.rendering.kinect import to_millimeters
from skelflow.synth.scene.scene_mesh import JOINTS
from skelflow.types import Camera, Recording
from skelflow.viz.people import draw_recording
from tests.cli.test_commands import run

CLEAN = SynthConfig(
    actions=(23, 50), people=1, setups=1, cameras=(1,), clean=True, color_size=(96, 54), longest=12
)
NOISY = SynthConfig(
    actions=(23,), people=2, setups=2, cameras=(2,), color_size=(96, 54), longest=4, masked=True
)
WAVE, PUNCH = "S001C001P001R001A023", "S001C001P001R001A050"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One person waves, two fight."""
    out = tmp_path_factory.mktemp("clean") / "people"
    synthesize(out, CLEAN)
    return out


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people wave in two rooms, as a Kinect sees it."""
    out = tmp_path_factory.mktemp("noisy") / "people"
    synthesize(out, NOISY)
    return out


def opened(out: Path, name: str) -> Recording:
    return open_recording(out / "nturgb+d_depth" / name)


def content(out: Path) -> dict[str, bytes]:
    files = (path for path in sorted(out.rglob("*")) if path.is_file() and path.name != LOCK)
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def test_synthesize_is_read_as_ntu_recordings(clean: Path) -> None:
    assert [path.name for path in find_recordings(clean)] == [WAVE, PUNCH]
    for name, people in ((WAVE, 1), (PUNCH, 2)):
        recording = opened(clean, name)
        labels, skeleton = recording.labels, recording.skeleton
        assert (labels.setup, labels.camera, labels.subject, labels.replication) == (1, 1, 1, 1)
        assert labels.action == int(name[-3:])
        assert skeleton is not None
        seen = np.isfinite(skeleton.joints_m).all(axis=(0, 2, 3))
        assert seen.sum() == people
        assert (skeleton.tracking[:, seen] == 2).all()
        assert recording.infrared is not None
        assert recording.infrared[3].std() > 5
        assert len(recording) == len(recording.infrared) == len(skeleton) == 12


def test_synthesize_gives_back_depth_joints_and_cameras(clean: Path) -> None:
    scene = build_scene(RecordingSpec(1, 1, 1, 1, 50), CLEAN)
    recording, skeleton = opened(clean, PUNCH), opened(clean, PUNCH).skeleton
    assert skeleton is not None
    for t in (0, 11):
        exact = render_frame(scene, t)
        depth_mm = np.rint(1000 * recording.depth[t]).astype(np.uint16)
        np.testing.assert_array_equal(depth_mm, to_millimeters(exact.raster.depth_m))
        by_place = np.argsort(exact.joints_m[:, 0, 0])
        found = skeleton.joints_m[t][np.argsort(skeleton.joints_m[t][:, 0, 0])]
        np.testing.assert_allclose(found, exact.joints_m[by_place], atol=1e-6)
    joints = skeleton.joints_m
    fitted, true = project(joints, recording.camera), project(joints, scene.view.camera)
    assert np.abs(fitted - true).max() < 0.5
    corners = np.float32([[-1, -1, 2], [1.2, 1, 3], [0, -1, 4]])
    assert (
        np.abs(project(corners, recording.camera) - project(corners, scene.view.camera)).max() < 1
    )
    assert recording.color_projection is not None
    fitted = project_color(joints, recording.color_projection)
    true = project_color(joints, scene.view.projection.resized(96, 54))
    assert np.abs(fitted - true).max() < 0.5


def test_synthesize_true_flow_carries_points_onto_the_next_surface(clean: Path) -> None:
    for name in (WAVE, PUNCH):
        recording, truth = opened(clean, name), read_truth(truth_path(clean, name))
        for t in (0, 6, 10):
            depth, after = recording.depth[t], recording.depth[t + 1]
            moved = unproject(depth, truth.camera) + truth.flow_m[t]
            body = truth.seen[t] & (truth.part[t] < 2 * JOINTS) & (depth > 0)
            error_m = distance_below(moved[body], after, truth.camera)
            assert np.median(np.abs(error_m)) < 1e-3
            assert np.abs(truth.flow_m[t][truth.part[t] == 255]).max() < 0.02  # a shaking camera


def distance_below(points_m: np.ndarray, depth_m: np.ndarray, camera: Camera) -> np.ndarray:
    """How far along the axis points lie behind the surface between four pixels around them."""
    x, y = np.moveaxis(project(points_m, camera), -1, 0)
    x, y = x.clip(0, depth_m.shape[1] - 1.01), y.clip(0, depth_m.shape[0] - 1.01)
    i, j = y.astype(int), x.astype(int)
    u, v, near = x - j, y - i, 1 / depth_m
    top = near[i, j] * (1 - u) + near[i, j + 1] * u
    low = near[i + 1, j] * (1 - u) + near[i + 1, j + 1] * u
    return points_m[:, 2] - 1 / (top * (1 - v) + low * v)


def test_synthesize_joints_lie_in_the_silhouette_of_their_body(clean: Path) -> None:
    skeleton, truth = opened(clean, WAVE).skeleton, read_truth(truth_path(clean, WAVE))
    assert skeleton is not None
    inside = []
    for t, pixels in enumerate(np.rint(skeleton.joints_px[:, 0]).astype(int)):
        inside.append(truth.part[t][pixels[:, 1], pixels[:, 0]] < JOINTS)
    share = np.mean(inside, axis=0)
    assert (share[:21] == 1).all()
    assert share.mean() > 0.9  # finger tips and thumbs, marked at their ends, may lie beside


def test_synthesize_gives_the_same_bytes_by_any_number_of_processes(
    noisy: Path, tmp_path: Path
) -> None:
    synthesize(tmp_path / "two", NOISY, workers=2)
    one, two = content(noisy), content(tmp_path / "two")
    assert one.keys() == two.keys()
    assert all(one[name] == two[name] for name in one)


def test_synthesize_differs_by_seed(noisy: Path, tmp_path: Path) -> None:
    synthesize(tmp_path / "other", NOISY.replace(seed=1, people=1))
    one, other = content(noisy), content(tmp_path / "other")
    shared = one.keys() & other.keys() - {"synth.json"}
    assert len(shared) > 8
    assert not any(one[name] == other[name] for name in shared)


def test_synthesize_masked_depth_is_that_of_the_person_alone(noisy: Path) -> None:
    name = "S001C002P001R001A023"
    masked = open_recording(noisy / "nturgb+d_depth_masked" / name)
    raw, truth = opened(noisy, name), read_truth(truth_path(noisy, name))
    for t in range(4):
        person = truth.part[t] < JOINTS
        np.testing.assert_array_equal(masked.depth[t], np.where(person, raw.depth[t], 0))
        assert (masked.depth[t] > 0).mean() > 0.02


def test_synthesize_goes_on_where_it_was_stopped(noisy: Path, tmp_path: Path) -> None:
    out = tmp_path / "stopped"

    def stop(done: int, _: int, __: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(out, NOISY, progress=stop)
    assert [path.name for path in find_recordings(out)] == ["S001C002P001R001A023"]
    assert list(out.glob(".partial*")) == []
    (out / ".partial-1").mkdir()  # of a run that was killed
    (out / "nturgb+d_ir" / "S001C002P001R001A023_ir.avi").unlink()
    report = synthesize(out, NOISY)
    assert (report.made, len(report.recordings)) == (2, 2)
    assert content(out) == content(noisy)
    again = synthesize(out, NOISY)
    assert (again.made, again.frames) == (0, 0)
    assert "2 there before" in again.to_text()


def test_synthesize_on_several_processes_stops_with_whole_recordings(
    noisy: Path, tmp_path: Path
) -> None:
    def stop(done: int, *_: object) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(tmp_path, NOISY.replace(cameras=(1, 2)), workers=2, progress=stop)
    assert list(tmp_path.glob(".partial*")) == []
    synthesize(tmp_path, NOISY)
    one, other = content(noisy), content(tmp_path)
    assert all(one[name] == other[name] for name in one)


def test_synthesize_refuses_a_folder_of_other_settings(noisy: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"`skelflow synth` made otherwise \(seed 0 there, 5 now"):
        synthesize(noisy, NOISY.replace(seed=5))
    (tmp_path / "nturgb+d_depth").mkdir()
    with pytest.raises(DataError, match=r"holds nturgb\+d_depth but no synth\.json"):
        synthesize(tmp_path, NOISY)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--actions", "23,999"], "action 999 cannot be played; known: 1 drink water"),
        (["--actions", "wave"], "--actions: expected numbers such as 1,10,23, found 'wave'"),
        (["--cameras", "1,4"], "cameras.1: found 4, expected at most 3"),
        (["--people", "0"], 'Invalid value "0" for --people. Must be >= 1.'),
        (["--color-size", "480"], "expected WIDTHxHEIGHT such as 320x240, found '480'"),
        (["--color-size", "8x4"], "color_size.0: found 8, expected at least 16"),
        (["--longest", "1"], "longest: found 1, expected at least 2"),
        (["--sheet", "--no-color"], "--sheet shows color: leave --no-color away"),
        (["--seed", "-1"], "seed: found -1, expected at least 0"),
        (["--from", "nowhere.skeleton"], "nowhere.skeleton does not exist"),
    ],
)
def test_synth_command_answers_every_wrong_turn(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("synth", "--out", tmp_path / "out", *words) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_synth_command_makes_and_retargets(
    clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = clean / "nturgb+d_skeletons" / f"{WAVE}.skeleton"
    words = ("--from", source, "--cameras", "3", "--no-color", "--longest", "3", "--workers", "1")
    assert run("synth", "--out", tmp_path / "again", *words) == 0
    assert "1 recording, 1 person, 1 action" in capsys.readouterr().out
    recording = opened(tmp_path / "again", "S001C003P001R001A023")
    assert len(recording) == 3
    assert recording.color is None
    assert run("synth", "--out", tmp_path / "twice", "--from", source, source) == 2
    assert "have the same subject, replication and action" in capsys.readouterr().err


def test_synth_command_keeps_a_retargeted_recordings_action(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = data_dir / "utd_mhad" / "depth" / "a3_s1_t1_depth.mat"
    words = ("--cameras", "2", "--no-color", "--longest", "2", "--workers", "1")
    assert run("synth", "--out", tmp_path / "played", "--from", source, *words) == 0
    made = opened(tmp_path / "played", "S001C002P001R001A003")
    assert (made.labels.action, made.labels.subject) == (3, 1)
    assert find_action_names(made.path)[3] == "right hand wave"  # NTU RGB+D's 3 is brushing teeth
    capsys.readouterr()
    assert run("info", made.path) == 0
    assert "right hand wave" in capsys.readouterr().out


def test_people_sheet_shows_the_true_flow_beside_an_estimate(clean: Path) -> None:
    images, title = draw_recording(clean, PUNCH, preset="fast")
    assert {image.shape for image in images} == {(300, 255, 3)}
    assert title.startswith("person 1: punching")
    color, _, true, found = (image.astype(float) for image in images)
    moving = np.abs(true - 128).max(axis=-1) > 40
    assert 0.005 < moving.mean() < 0.5
    assert color.std() > 20
    known = moving & (found.max(axis=-1) > 30)
    closer = np.abs(found - true)[known].mean() < np.abs(128 - true)[known].mean()
    assert closer


def test_plan_recordings_lets_people_take_turns_in_the_setups() -> None:
    config = SynthConfig(actions=(10,), people=3, setups=2, cameras=(1, 2), replications=2)
    names = [spec.name for spec in plan_recordings(config)]
    assert len(names) == len(set(names)) == 12
    assert {name[:4] + name[8:12] for name in names} == {"S001P001", "S002P002", "S001P003"}
