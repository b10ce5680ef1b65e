"""Whatever bytes come in, a valid recording or a `SkelflowError` comes out."""

import io
import json
import os
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skelflow.camera.calibration.file import load_calibrations
from skelflow.datasets.flow_files.format import read_flow, save_flow
from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.store import Store
from skelflow.datasets.store.schema import StoreMeta
from skelflow.errors import CalibrationError, FormatError, SkelflowError
from skelflow.io.arrays import read_arrays
from skelflow.io.documents import read_json, read_toml
from skelflow.recordings import open_recording, pyskl, tum
from skelflow.recordings.action_names import read_action_names
from skelflow.recordings.azure_kinect.calibration import read_device
from skelflow.recordings.folder.settings import read_settings
from skelflow.recordings.folder.skeleton import read_skeleton
from skelflow.recordings.ntu.skeleton import read_tracks
from skelflow.recordings.streams.images import read_color, read_depth_png
from skelflow.recordings.streams.mat_file import read_mat
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.types import Camera
from tests.recordings.test_azure_kinect import calibration
from tests.recordings.test_folder import SETTINGS
from tests.tiny_folder import CAMERA

Read = Callable[[Path], object]


def mat(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"d_depth": array}, **options)
    return stream.getvalue()


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, depth=np.ones((6, 8), np.float32), more=np.arange(3))
    return stream.getvalue()


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.ones((6, 8), np.uint16))
    return stream.getvalue()


def image(ending: str, array: np.ndarray) -> bytes:
    return cv2.imencode(ending, array)[1].tobytes()


def skeleton() -> bytes:
    joint = "0.1 0.2 3.0 250 200 960 540 0 0 0 1 2"
    frame = ["1", "72057594037931000 0 1 1 1 1 0 0.1 0.1 2", "25", *[joint] * 25]
    return "\n".join(["2", *frame, *frame, ""]).encode()


def read_csv(path: Path) -> object:
    return read_skeleton(path, KINECT_V2, CAMERA, count=3)


def read_mat_values(path: Path) -> object:
    return [array.values(path) for array in read_mat(path).values()]


def read_stack(path: Path) -> object:
    return open_recording(path).depth[0]


def read_pyskl(path: Path) -> object:
    return [open_recording(name) for name in pyskl.find_in_file(path)]


def read_calibration(path: Path) -> object:
    content = path.read_bytes()
    return read_device(path, content, depth_mode="NFOV_2X2BINNED", color_size=(1280, 720))


def stack() -> bytes:
    stream = io.BytesIO()
    depth_m = np.full((3, 24, 32), 2.0, np.float32)
    camera, joints_m = np.float64([30, 30, 15.5, 11.5]), np.tile([0.1, 0.2, 2.0], (3, 1, 20, 1))
    np.savez_compressed(
        stream,
        depth=depth_m,
        camera=camera,
        frame_rate_hz=30,
        joints_m=joints_m,
        layout="kinect_v1",
    )
    return stream.getvalue()


def annotations() -> bytes:
    name = "S001C002P003R001A058"
    return pickle.dumps([{"frame_dir": name, "keypoint": np.ones((1, 4, 25, 3), np.float16)}])


def store() -> bytes:
    meta = StoreMeta("folder", "kinect_v2", FlowSettings(range_m=0.1), version="0.2.0")
    found = {"format": 1, **meta.to_json()}
    return json.dumps({"zarr_format": 3, "attributes": {"skelflow": found}}).encode()


def flow_file(folder: Path) -> bytes:
    depth = np.full((6, 8), 2, np.float32)
    save_flow(
        folder / "f.npz", np.zeros((6, 8, 3), np.float32), depth, Camera(8, 6, 8.0, 8.0, 4.0, 3.0)
    )
    return (folder / "f.npz").read_bytes()


GRAY = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
CSV = (
    b"frame,body,joint,x_m,y_m,z_m,u_px,v_px,tracking\n"
    b"0,0,head,0.5,-0.2,2.0,,,2\n2,1,3,0,0,2,4,5,1\n"
)
CAMERAS = (
    b'{"format": "skelflow cameras 1", "places": {"S001C001": "d"}, "devices": {"d": {"camera": '
    b'{"width": 512, "height": 424, "fx": 365.0, "fy": 365.0, "cx": 256.0, "cy": 210.0}, "color": '
    b'{"width": 1920, "height": 1080, "matrix": [[1, 2, 3, 4], [5, 6, 7, 8]], "bend": null}}}}'
)
MSR_ACTION3D = b"0.1 0.2 2.5 1.0\n-0.1 -0.2 2.5 0.000000\n" * 20
KINECT_V1 = json.dumps({"skeletons": np.full((2, 20, 3), 1.5).tolist(), "label": 3}).encode()
PARSERS: dict[str, tuple[Read, bytes]] = {
    "a_depth.mat": (read_mat_values, mat(np.full((6, 8, 2), 2000, np.uint16))),
    "b_depth.mat": (
        read_mat_values,
        mat(np.full((6, 8, 2), 2000.0), do_compression=True),
    ),
    "a.skeleton": (read_tracks, skeleton()),
    "a.png": (read_depth_png, image(".png", GRAY)),
    "b.png": (read_color, image(".png", GRAY.astype(np.uint8))),
    "a.jpg": (read_color, image(".jpg", GRAY.astype(np.uint8))),
    "a.tiff": (read_color, image(".tiff", GRAY.astype(np.uint8))),
    "a.bmp": (read_color, image(".bmp", GRAY.astype(np.uint8))),
    "a.webp": (read_color, image(".webp", GRAY.astype(np.uint8))),
    "a.pgm": (read_color, image(".pgm", GRAY.astype(np.uint8))),
    "recording.toml": (read_settings, SETTINGS.encode()),
    "skeleton.csv": (read_csv, CSV),
    "a.npy": (read_arrays, npy()),
    "a.npz": (read_arrays, npz()),
    "cameras.json": (load_calibrations, CAMERAS),
    "a03_s02_e04_v01.json": (open_recording, KINECT_V1),
    "a03_s02_e04_skeleton3D.txt": (open_recording, MSR_ACTION3D),
    "a.pkl": (read_pyskl, annotations()),
    "stack.npz": (read_stack, stack()),
    "depth.txt": (tum._read_list, b"# depth\n1000.0 depth/0.png\n1000.03 depth/1.png\n"),
    "calibration.json": (read_calibration, calibration()),
    "actions.txt": (read_action_names, b"# names\n1: wave\n2: sit down\n"),
    "zarr.json": (lambda path: Store.open(path.parent), store()),
    "a.json": (read_json, CAMERAS),
    "a.toml": (read_toml, SETTINGS.encode()),
}
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"9" * 5000, b"1e999", b"NaN", b"[" * 3000, b"\xff\xff\xff\xff", b"\x80\0\0\0"]
    ),
)


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """The seed, cut, with some pieces put over it or into it; or bytes of any kind."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    content = bytearray(seed[: draw(st.integers(len(seed) // 2, len(seed)))])
    for _ in range(draw(st.integers(0, 4))):
        at, piece = draw(st.integers(0, len(content))), draw(PIECES)
        replaced = draw(st.sampled_from([0, len(piece)]))
        content[at : at + replaced] = piece
    return bytes(content)


@pytest.mark.parametrize("name", PARSERS)
def test_parser_reads_what_is_whole(name: str, tmp_path: Path) -> None:
    read, seed = PARSERS[name]
    (tmp_path / name).write_bytes(seed)
    assert read(tmp_path / name) is not None


def test_flow_file_is_read_or_refused_whatever_is_cut_from_it(tmp_path: Path) -> None:
    whole, path = flow_file(tmp_path), tmp_path / "flow_000000.npz"
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(FormatError, match="flow_000000"):
            read_flow(path)


@pytest.mark.parametrize("name", PARSERS)
def test_parser_answers_or_refuses_whatever_bytes_come_in(name: str, tmp_path: Path) -> None:
    read, seed = PARSERS[name]

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(damaged(seed))
    def check(content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        try:
            read(tmp_path / name)
        except SkelflowError as error:
            assert str(tmp_path) in str(error)

    check()


def test_reader_turns_any_error_into_one_that_names_the_recording(tmp_path: Path) -> None:
    (tmp_path / "depth").mkdir()
    (tmp_path / "recording.toml").write_text(SETTINGS)
    (tmp_path / "depth" / "0.png").write_bytes(image(".png", GRAY + np.uint16(1000)))
    recording = open_recording(tmp_path)
    frames = recording.depth.decode.__closure__
    assert frames is not None
    (tmp_path / "depth" / "0.png").unlink()
    with pytest.raises(FormatError, match=r"0\.png"):
        _ = recording.depth[0]


def declared(width: int, height: int) -> bytes:
    """A complete PNG of a few bytes that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


@pytest.mark.parametrize("read", [read_depth_png, read_color])
@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 1), (0, 48)])
def test_images_are_refused_by_the_size_that_they_declare(
    read: Read, size: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(declared(*size))
    with pytest.raises(FormatError, match=r"a\.png: .*pixels"):
        read(tmp_path / "a.png")


def test_jpegs_are_refused_by_the_size_that_they_declare(tmp_path: Path) -> None:
    content = bytearray(PARSERS["a.jpg"][1])
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", 60_000, 60_000)
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(FormatError, match=r"60000x60000 pixels: 3600 megapixels, at most 64"):
        read_color(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("old", "new"), [(b"1920", b"0"), (b"1920", b"1.5"), (b"[5, 6, 7, 8]", b"[5, 6, 7, 1e300]")]
)
def test_projections_that_no_camera_has_are_refused(old: bytes, new: bytes, tmp_path: Path) -> None:
    (tmp_path / "cameras.json").write_bytes(CAMERAS.replace(old, new))
    with pytest.raises(CalibrationError, match=r"cameras\.json: no file of fitted cameras"):
        load_calibrations(tmp_path / "cameras.json")


def test_images_are_refused_by_the_size_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PARSERS["a.png"][1])
    os.truncate(tmp_path / "a.png", 2**31)
    with pytest.raises(FormatError, match=r"a\.png: 2048 MB of numbers, at most 512"):
        read_depth_png(tmp_path / "a.png")


@pytest.mark.parametrize("at", [0.3, 0.9])
def test_jpegs_that_were_cut_or_overwritten_are_refused(at: float, tmp_path: Path) -> None:
    content = bytearray(PARSERS["a.jpg"][1])
    place = int(at * len(content))
    content[place : place + 2] = b"\xff\x17"
    for damaged_content in (content, content[:place]):
        (tmp_path / "a.jpg").write_bytes(damaged_content)
        with pytest.raises(FormatError, match=r"a\.jpg: damaged or truncated JPEG"):
            read_color(tmp_path / "a.jpg")


def test_pngs_with_a_wrong_checksum_are_refused(tmp_path: Path) -> None:
    content = bytearray(PARSERS["a.png"][1])
    content[60] ^= 1
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(FormatError, match="damaged PNG"):
        read_depth_png(tmp_path / "a.png")


def test_skeletons_are_refused_before_their_bodies_fill_the_memory(tmp_path: Path) -> None:
    joint = "0.1 0.2 3.0 250 200 960 540 0 0 0 1 2\n"
    body = "0 1 1 1 1 0 0.1 0.1 2\n25\n" + joint * 25
    (tmp_path / "a.skeleton").write_text("700\n" + "".join(f"1\n{t} {body}" for t in range(700)))
    with pytest.raises(FormatError, match="700 bodies in 700 frames: 1122 MB of numbers"):
        read_tracks(tmp_path / "a.skeleton")


@pytest.mark.parametrize("x", ["inf", "-inf", "1e300", "1000", "1_0"])
def test_skeletons_of_absurd_joints_are_refused(x: str, tmp_path: Path) -> None:
    (tmp_path / "a.skeleton").write_bytes(skeleton().replace(b"\n0.1 ", f"\n{x} ".encode(), 1))
    with pytest.raises(FormatError, match=r"a\.skeleton"):
        read_tracks(tmp_path / "a.skeleton")


@pytest.mark.parametrize(
    "line",
    [
        "0,0,head,inf,0,2,,,2",
        "0,0,head,500,0,2,,,2",
        "0,0,head,1_0,0,2,,,2",
        "0,0,head,\uff10,0,2,,,2",
        "0,0,head,0,0,2,inf,0,2",
        "0,0,head,0,0,-2,,,2",
        "9" * 5000 + ",0,head,0,0,2,,,2",
    ],
)
def test_csv_of_absurd_joints_is_refused(line: str, tmp_path: Path) -> None:
    header = CSV.decode().splitlines()[0]
    (tmp_path / "skeleton.csv").write_text(f"{header}\n{line}\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"skeleton\.csv"):
        read_csv(tmp_path / "skeleton.csv")


def test_csv_with_a_column_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "skeleton.csv").write_text("frame,body,joint,x_m,y_m,z_m,x_m\n0,0,head,0,0,2,9\n")
    with pytest.raises(FormatError, match="line 1: columns"):
        read_csv(tmp_path / "skeleton.csv")
