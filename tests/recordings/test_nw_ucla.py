"""Northwestern-UCLA: small files written here, all real ones, and the way to a trained network."""

import json
from pathlib import Path

import numpy as np
import pytest

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.datasets.protocols import split
from skelflow.datasets.store.store import Store
from skelflow.errors import DataError, FormatError
from skelflow.recordings import find_recordings, open_recording
from skelflow.recordings.nw_ucla import SDK_V1_JOINTS
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Labels
from tests.cli.test_commands import run

RECIPE = """
batch_size = 8
epochs = 2
[model]
name = "gcn"
width = 0.25
frames = 16
"""


def write(folder: Path, name: str = "a03_s02_e04_v01", frames: int = 12) -> Path:
    """A file as the data set has them: every action moves in its own way."""
    action = int(name[1:3])
    rng = np.random.default_rng(sum(name.encode()))
    joints = rng.normal(0, 0.3, (20, 3)) + np.array([0, 0, 3])
    values = joints + 0.1 * action * np.arange(frames)[:, None, None] / frames
    path = folder / f"{name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"file_name": name, "skeletons": values.tolist(), "label": action}))
    return path


def rewrite(path: Path, skeletons: object) -> Path:
    path.write_text(json.dumps({"skeletons": skeletons}))
    return path


def test_nw_ucla_orders_joints_by_name_and_turns_y_down(tmp_path: Path) -> None:
    path = write(tmp_path)
    stored = np.array(json.loads(path.read_text())["skeletons"])
    skeleton = open_recording(path).skeleton
    assert skeleton is not None
    for joint, name in enumerate(find_layout(skeleton.layout).joints):
        x, y, z = stored[5, SDK_V1_JOINTS.index(name)]
        np.testing.assert_allclose(skeleton.joints_m[5, 0, joint], [x, -y, z], rtol=1e-6)
        expected_px = 320 + 571.26 * x / z, 240 - 571.26 * y / z
        np.testing.assert_allclose(skeleton.joints_px[5, 0, joint], expected_px, rtol=1e-5)
    assert (skeleton.tracking == 2).all()


def test_nw_ucla_is_a_skeleton_without_depth(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path))
    assert (len(recording), recording.source, recording.has_depth) == (12, "nw_ucla", False)
    assert recording.labels == Labels(action=3, subject=2, camera=1, replication=4)
    with pytest.raises(FormatError, match=r"a03_s02_e04_v01\.json: no depth"):
        _ = recording.depth[0]


def test_nw_ucla_takes_a_joint_in_the_sensor_for_missing(tmp_path: Path) -> None:
    values = np.ones((3, 20, 3))
    values[1, 3] = 0  # the head
    recording = open_recording(rewrite(write(tmp_path), values.tolist()))
    skeleton = recording.skeleton
    assert skeleton is not None
    missing = np.zeros((3, 1, 20), bool)
    missing[1, 0, 0] = True
    np.testing.assert_array_equal(np.isnan(skeleton.joints_m).all(axis=-1), missing)
    np.testing.assert_array_equal(skeleton.tracking == 0, missing)


@pytest.mark.parametrize(
    ("skeletons", "message"),
    [
        ([], "expected .frames, 20, 3."),
        (np.zeros((2, 25, 3)).tolist(), r"are \(2, 25, 3\), expected \(frames, 20, 3\)"),
        ([[[1, 2, 3]] * 20, [[1, 2, 3]] * 19], "no JSON with skeletons"),
        ([[["a", 2, 3]] * 20], "no JSON with skeletons"),
        (np.full((2, 20, 3), 2500).tolist(), "expected meters"),
        ([[[float("nan"), 2, 3]] * 20], "no JSON with skeletons .*NaN"),
        (None, "expected .frames, 20, 3."),
    ],
)
def test_nw_ucla_refuses_what_is_no_skeleton(
    tmp_path: Path, skeletons: object, message: str
) -> None:
    with pytest.raises(FormatError, match=rf"a03_s02_e04_v01\.json: .*{message}"):
        open_recording(rewrite(write(tmp_path), skeletons))


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"label": 3}', "[" * 100_000])
def test_nw_ucla_refuses_damaged_files(tmp_path: Path, content: str) -> None:
    path = write(tmp_path)
    path.write_text(content)
    with pytest.raises(FormatError, match=r"a03_s02_e04_v01\.json: no JSON with skeletons"):
        open_recording(path)


def test_nw_ucla_divides_the_real_files_as_published(data_dir: Path) -> None:
    paths = find_recordings(data_dir / "nw_ucla")
    labels = {path.stem: open_recording(path).labels for path in paths[::16]}
    data_set = find_data_set("nw_ucla")
    assert {label.action for label in labels.values()} <= set(data_set.action_names)
    everything = {
        path.stem: Labels(action=1, camera=int(path.stem[-1]), subject=1) for path in paths
    }
    counts = tuple(map(len, split(everything, data_set.protocol())))
    assert counts == data_set.protocol().published == (1020, 464)


def test_nw_ucla_people_stand_upright_like_those_of_utd_mhad(data_dir: Path) -> None:
    joints = find_layout("kinect_v1").joints
    head, hip, foot = (joints.index(name) for name in ("head", "hip_center", "left_foot"))
    for path in find_recordings(data_dir / "nw_ucla")[::97]:
        skeleton = open_recording(path).skeleton
        assert skeleton is not None
        y_m = np.nanmedian(skeleton.joints_m[:, 0, :, 1], axis=0)
        assert y_m[head] < y_m[hip] < y_m[foot]


def test_nw_ucla_goes_from_json_files_to_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, store, result = tmp_path / "data", tmp_path / "store", tmp_path / "run"
    for action in (1, 8):
        for view in (1, 2, 3):
            for repetition in (0, 1):
                write(data, f"a{action:02}_s01_e{repetition:02}_v{view:02}", 9 + repetition)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    assert run("info", data) == 0
    assert "cross-view         8 train, 4 test" in capsys.readouterr().out
    assert run("prepare", data, "--out", store, "--workers", "1") == 0
    assert "skeletons without depth; only skeletons are prepared" in capsys.readouterr().out
    assert not Store.open(store).meta.has_flow
    assert run("prepare", data, "--out", store, "--workers", "1") == 0  # goes on
    assert "0 prepared, 12 there before" in capsys.readouterr().out
    assert run("train", tmp_path / "recipe.toml", store, "--run", result) == 0
    assert run("evaluate", result, store, "--protocol", "cross-view") == 0
    assert "top-1" in capsys.readouterr().out
    assert run("predict", result, data / "a08_s01_e00_v03.json", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert {guess["name"] for guess in answer["guesses"]} == {"pick up with one hand", "donning"}


def test_flow_of_a_skeleton_alone_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no depth images, and flow needs them"):
        prepare_sequence(open_recording(write(tmp_path)), PrepareConfig(preset="fast"))
