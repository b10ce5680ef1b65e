"""UTD-MHAD: small files written here, and all real ones where they are."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from skelflow.errors import DataError, FormatError
from skelflow.recordings import find_recordings, open_recording
from skelflow.recordings.utd_mhad import CAMERA, write_with_depth, written
from tests import tiny_utd


def write_pair(root: Path, frames: int = 3, skeleton_frames: int | None = None) -> Path:
    rng = np.random.default_rng(0)
    depth = rng.integers(0, 4000, (240, 320, frames)).astype(np.uint16)
    joints = rng.uniform(-1, 1, (20, 3, skeleton_frames or frames)) + np.array([0, 0, 3])[:, None]
    for folder in ("depth", "skeleton"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(root / "depth/a3_s2_t1_depth.mat", {"d_depth": depth}, do_compression=True)
    scipy.io.savemat(root / "skeleton/a3_s2_t1_skeleton.mat", {"d_skel": joints})
    return root / "depth/a3_s2_t1_depth.mat"


def rewrite(path: Path, **arrays: object) -> Path:
    scipy.io.savemat(path, arrays)
    return path


def test_utd_reads_depth_in_meters(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    stored = scipy.io.loadmat(path)["d_depth"]
    recording = open_recording(path)
    assert len(recording) == 3
    assert recording.depth[1].dtype == np.float32
    np.testing.assert_allclose(recording.depth[1], stored[:, :, 1] / 1000, atol=1e-6)
    np.testing.assert_array_equal(recording.depth[-1], recording.depth[2])


def test_utd_turns_y_down_and_projects(tmp_path: Path) -> None:
    recording = open_recording(write_pair(tmp_path))
    stored = scipy.io.loadmat(tmp_path / "skeleton/a3_s2_t1_skeleton.mat")["d_skel"]
    skeleton = recording.skeleton
    assert skeleton is not None
    assert skeleton.layout == "kinect_v1"
    x, y, z = stored[5, :, 2]
    np.testing.assert_allclose(skeleton.joints_m[2, 0, 5], [x, -y, z], rtol=1e-6)
    np.testing.assert_allclose(
        skeleton.joints_px[2, 0, 5], [160 + 260 * x / z, 120 - 260 * y / z], rtol=1e-5
    )
    assert (skeleton.tracking == 2).all()


@pytest.mark.parametrize(
    "path",
    [
        "depth/a3_s2_t1_depth.mat",
        "skeleton/a3_s2_t1_skeleton.mat",
        "depth/a3_s2_t1",
        "a3_s2_t1",
    ],
)
def test_utd_opens_by_any_of_its_names(tmp_path: Path, path: str) -> None:
    write_pair(tmp_path)
    recording = open_recording(str(tmp_path / path))
    assert recording.name == "a3_s2_t1"
    assert recording.skeleton is not None
    labels = recording.labels
    assert (labels.action, labels.subject, labels.replication) == (3, 2, 1)


def test_utd_depth_is_decoded_once(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    recording = open_recording(path)
    first = recording.depth[0]
    path.unlink()
    np.testing.assert_array_equal(recording.depth[0], first)


def test_utd_cuts_to_the_shorter_when_lengths_differ(tmp_path: Path) -> None:
    recording = open_recording(write_pair(tmp_path, frames=4, skeleton_frames=3))
    assert recording.skeleton is not None
    assert len(recording) == len(recording.skeleton) == 3


def test_utd_reads_one_frame_stored_flat(tmp_path: Path) -> None:
    path = rewrite(tmp_path / "a1_s1_t1_depth.mat", d_depth=np.full((240, 320), 1500, np.uint16))
    recording = open_recording(path)
    assert len(recording) == 1
    assert recording.skeleton is None
    assert recording.depth[0][0, 0] == pytest.approx(1.5)


def test_utd_fails_when_missing(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"a3_s2_t1_depth\.mat does not exist"):
        open_recording(tmp_path / "a3_s2_t1_depth.mat")


def test_utd_fails_when_only_the_skeleton_is_there(tmp_path: Path) -> None:
    write_pair(tmp_path).unlink()
    with pytest.raises(FormatError, match=r"no a3_s2_t1_depth\.mat"):
        open_recording(tmp_path / "skeleton/a3_s2_t1_skeleton.mat")


@pytest.mark.parametrize("size", [0, 50, 127, 130, 300, 20_000])
def test_utd_fails_when_truncated(tmp_path: Path, size: int) -> None:
    path = write_pair(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(FormatError, match=r"a3_s2_t1_depth\.mat: truncated"):
        open_recording(path)


def test_utd_fails_when_the_bytes_are_damaged(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(bytes(content))
    with pytest.raises(FormatError, match=r"a3_s2_t1_depth\.mat: truncated, or no MATLAB"):
        _ = open_recording(path).depth[0]


def test_utd_fails_when_text(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    path.write_text("this is no MATLAB file\n" * 100)
    with pytest.raises(FormatError, match=r"a3_s2_t1_depth\.mat: .*MATLAB"):
        open_recording(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"depth": np.zeros((240, 320, 2))}, "no array 'd_depth', found depth"),
        ({"d_depth": np.zeros((320, 240, 2))}, r"is \(320, 240, 2\), expected \(240, 320, frames"),
        ({"d_depth": np.zeros((240, 320, 2, 2))}, r"expected \(240, 320, frames"),
        ({"d_depth": np.zeros((240, 320, 0))}, "no frames"),
        ({"d_depth": np.full((240, 320, 2), 1.5)}, "whole millimeters"),
        ({"d_depth": np.full((240, 320, 2), 3.0)}, "whole millimeters"),
        ({"d_depth": np.full((240, 320, 2), 60000, np.uint16)}, "whole millimeters"),
        ({"d_depth": np.full((240, 320, 2), -5, np.int16)}, "whole millimeters"),
        ({"d_depth": np.full((240, 320, 2), np.nan)}, "whole millimeters"),
    ],
)
def test_utd_fails_when_depth_is_something_else(
    tmp_path: Path, arrays: dict[str, object], message: str
) -> None:
    path = rewrite(tmp_path / "a1_s1_t1_depth.mat", **arrays)
    with pytest.raises(FormatError, match=rf"a1_s1_t1_depth\.mat: .*{message}"):
        _ = open_recording(path).depth[0]


@pytest.mark.parametrize(
    ("joints", "message"),
    [
        (np.zeros((25, 3, 3)), r"is \(25, 3, 3\), expected \(20, 3, frames\)"),
        (np.zeros((20, 2, 3)), r"expected \(20, 3, frames\)"),
        (np.zeros((20, 3, 0)), "no frames"),
        (np.full((20, 3, 3), 2500.0), "expected meters"),
        (np.full((20, 3, 3), "x"), "d_skel"),
    ],
)
def test_utd_fails_when_joints_are_something_else(
    tmp_path: Path, joints: object, message: str
) -> None:
    path = write_pair(tmp_path)
    rewrite(tmp_path / "skeleton/a3_s2_t1_skeleton.mat", d_skel=joints)
    with pytest.raises(FormatError, match=rf"a3_s2_t1_skeleton\.mat: .*{message}"):
        open_recording(path)


def test_utd_finds_recordings_sorted(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "b")
    other = write_pair(tmp_path / "a")
    assert find_recordings(tmp_path) == [other, path]
    assert find_recordings(path) == [path]


def test_find_recordings_fails_when_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recording below"):
        find_recordings(tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        find_recordings(tmp_path / "nothing")


def test_open_recording_says_what_each_reader_expects(tmp_path: Path) -> None:
    file = tmp_path / "notes.dat"  # what no reader's files are called
    file.write_text("hello")
    wanted = r"(?s)notes\.dat is no recording.*aA_sS_tT_depth\.mat.* of UTD-MHAD \(utd_mhad\)"
    with pytest.raises(FormatError, match=wanted):
        open_recording(file)


def test_utd_joints_lie_on_their_depth_in_real_files(data_dir: Path) -> None:
    paths = find_recordings(data_dir / "utd_mhad")
    assert len(paths) == 861
    agree = []
    for path in paths[::35]:
        recording = open_recording(path)
        assert recording.skeleton is not None
        assert len(recording) == len(recording.skeleton)
        depth = recording.depth[len(recording) // 2]
        joints_px = np.rint(recording.skeleton.joints_px[len(recording) // 2, 0]).astype(int)
        x = joints_px[:, 0].clip(0, CAMERA.width - 1)
        y = joints_px[:, 1].clip(0, CAMERA.height - 1)
        z = recording.skeleton.joints_m[len(recording) // 2, 0, :, 2]
        agree.append(np.abs(depth[y, x] - z) < 0.2)
    assert np.mean(agree) > 0.9


def test_utd_finds_the_skeleton_of_a_bare_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_utd.write_recording(tmp_path, action=1, subject=2)
    monkeypatch.chdir(path.parent)
    assert open_recording(path.name).skeleton is not None


def test_utd_written_with_other_depth_is_the_same_but_for_that(tmp_path: Path) -> None:
    path = write_pair(tmp_path / "in")
    depth_mm = np.random.default_rng(1).integers(400, 4000, (3, 240, 320)).astype(np.uint16)
    write_with_depth(path, tmp_path / "out", depth_mm)
    assert written(path, tmp_path / "out") == tmp_path / "out/depth/a3_s2_t1_depth.mat"
    stored = scipy.io.loadmat(tmp_path / "out/depth/a3_s2_t1_depth.mat")["d_depth"]
    np.testing.assert_array_equal(np.moveaxis(stored, 2, 0), depth_mm)
    before, after = open_recording(path), open_recording(written(path, tmp_path / "out"))
    assert (before.name, before.labels) == (after.name, after.labels)
    np.testing.assert_array_equal(before.skeleton.joints_m, after.skeleton.joints_m)
    np.testing.assert_array_equal(after.depth[2], depth_mm[2] * np.float32(0.001))
