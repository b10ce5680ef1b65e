"""Pickles of pyskl: written by Python's own pickler, harmless and harmful."""

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.io.unpickle import PickledArray, read_pickle
from skelflow.recordings import find_recordings, open_recording
from skelflow.recordings.ntu.skeleton import clean, read_tracks
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.types import Labels
from tests.cli.test_commands import run

NAME, OTHER = "S001C002P003R001A058", "S001C001P001R001A001"


def keypoints(frames: int = 6, bodies: int = 2, seed: int = 0) -> np.ndarray:
    """Upright people, meters, y up."""
    values = np.random.default_rng(seed).normal(0, 0.1, (bodies, frames, 25, 3)) + np.array(
        [0, 0, 3]
    )
    values[:, :, KINECT_V2.joints.index("head"), 1] += 0.8
    return values.astype(np.float16)


def write(path: Path, protocol: int = 4, **changes: Any) -> Path:
    annotations = [
        {"frame_dir": name, "label": 57, "total_frames": 6, "keypoint": keypoints()} | changes
        for name in (NAME, OTHER)
    ]
    path.write_bytes(pickle.dumps({"split": {"a": [NAME]}, "annotations": annotations}, protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_pyskl_reads_keypoints_y_down(tmp_path: Path, protocol: int) -> None:
    recording = open_recording(write(tmp_path / "ntu.pkl", protocol) / NAME)
    skeleton = recording.skeleton
    assert skeleton is not None
    assert (recording.name, recording.source, recording.has_depth) == (NAME, "pyskl", False)
    assert recording.labels == Labels(58, 3, 2, 1, 1)
    expected = np.moveaxis(keypoints(), 0, 1) * np.float32([1, -1, 1])
    np.testing.assert_array_equal(skeleton.joints_m, expected)


def test_pyskl_agrees_with_the_same_recording_of_ntu(data_dir: Path, tmp_path: Path) -> None:
    file = next((data_dir / "ntu" / "skeletons").glob("*.skeleton"))
    stored = read_tracks(file).values[..., :3]  # (t, bodies, 25, 3), as in the file
    values = np.nan_to_num(np.moveaxis(stored, 0, 1)).astype(np.float32)
    path = write(tmp_path / "ntu.pkl", keypoint=values) / NAME
    skeleton = open_recording(path).skeleton
    assert skeleton is not None
    np.testing.assert_allclose(
        skeleton.joints_m, clean(read_tracks(file).values)[..., :3], atol=1e-5
    )


def test_pyskl_finds_every_recording_of_a_file_and_of_a_folder(tmp_path: Path) -> None:
    file = write(tmp_path / "ntu.pkl")
    assert find_recordings(file) == find_recordings(tmp_path) == [file / OTHER, file / NAME]


def test_pyskl_file_stands_for_its_recordings_in_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "ntu.pkl")
    assert run("info", file) == 0
    assert "2 of pyskl: 2 open (12 frames)" in capsys.readouterr().out
    assert run("predict", "utd-mhad-skeleton", file) == 2  # 20 joints
    assert f"ntu.pkl/{OTHER}: 25 joints" in capsys.readouterr().err
    (tmp_path / "other.pkl").write_bytes(pickle.dumps([1, 2]))
    assert run("info", tmp_path / "other.pkl") == 2
    assert "other.pkl: no pickle of pyskl" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keypoint": keypoints()[..., :2]}, r"2D keypoints have no place there"),
        ({"keypoint": keypoints()[:, :, :17]}, r"expected \(bodies, frames, 25, 3\)"),
        ({"keypoint": keypoints() * np.float16([1, -1, 1])}, "heads are below hips"),
        ({"keypoint": keypoints().astype(np.float32) * 1000}, "expected meters"),
        ({"keypoint": np.array([None])}, "expected numbers"),
        ({"keypoint": 3}, "no array of keypoints"),
    ],
)
def test_pyskl_refuses_other_keypoints(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(FormatError, match=rf"ntu\.pkl.{NAME}: .*{message}"):
        open_recording(write(tmp_path / "ntu.pkl", **changes) / NAME)


class _Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch harmed",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(_Harmful()),
        pickle.dumps(_Harmful(), 0),
        pickle.dumps([Path("a")]),
        pickle.dumps(np.array([Path("a")], object)),
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\nload\n(S'x'\ntR.",
        b"cnumpy\nndarray\n(Vx\nI1\ndb.",  # gives the class itself a state
        b"\x80\x04" + b"\x8e" + struct.pack("<Q", 2**40) + b"x.",  # a terabyte of bytes
        b"\x80\x05" + b"\x96" + struct.pack("<Q", 2**40) + b"x.",
        b"\x80\x04" + b"\x95" + struct.pack("<Q", 2**40) + b"x.",
        b"(",
        b"",
        b"abc",
    ],
)
def test_read_pickle_refuses_all_but_values_and_arrays(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.pkl").write_bytes(content)
    with pytest.raises(FormatError, match=r"a\.pkl: |expected numbers"):
        found = read_pickle(Path("a.pkl"))
        assert found.values is not None
    assert not Path("harmed").exists()


def test_read_pickle_spends_no_memory_on_a_far_place_in_the_memo(tmp_path: Path) -> None:
    """LONG_BINPUT at 2^32 - 1: Python's unpickler in C makes room for all before it."""
    file = tmp_path / "a.pkl"
    file.write_bytes(b"\x80\x02K\x05r\xff\xff\xff\xff.")
    assert read_pickle(file) == 5


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i2", "?", "<u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_read_pickle_keeps_arrays_bit_for_bit(tmp_path: Path, dtype: str, order: Any) -> None:
    values = np.asarray(np.arange(24).reshape(2, 3, 4), dtype=dtype, order=order)
    for protocol in range(6):
        (tmp_path / "a.pkl").write_bytes(pickle.dumps(values, protocol))
        found = read_pickle(tmp_path / "a.pkl")
        assert isinstance(found, PickledArray)
        np.testing.assert_array_equal(found.values, values)
        assert found.values.dtype == values.dtype
