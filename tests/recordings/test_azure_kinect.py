"""Azure Kinect: files written here track by track, and a real one."""

import json
import os
import struct
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from skelflow.errors import FormatError
from skelflow.recordings import find_recordings, open_recording
from skelflow.types import Recording

WIDTH, HEIGHT = 320, 288  # NFOV, 2x2 binned
_NONE = [0.0] * 10


def calibration(lens: list[float] = _NONE) -> bytes:
    """Square pixels, both cameras in one place, 1280 x 720 color."""

    def camera(location: str, focal: list[float], coefficients: list[float]) -> dict[str, object]:
        return {
            "Intrinsics": {
                "ModelParameters": [0.5, 0.5, *focal, *coefficients, *_NONE[:4]],
                "ModelType": "CALIBRATION_LensDistortionModelBrownConrady",
            },
            "Location": f"CALIBRATION_CameraLocation{location}",
            "Rt": {"Rotation": np.eye(3).ravel().tolist(), "Translation": [0, 0, 0]},
        }

    cameras = [camera("D0", [0.5, 0.5], lens[:6]), camera("PV0", [0.5, 0.5 * 4 / 3], _NONE[:6])]
    return json.dumps({"CalibrationInformation": {"Cameras": cameras}}).encode() + b"\0\0"


def write(
    path: Path,
    *,
    times_ms: tuple[int, ...] = (0, 33, 67, 100),
    color_ms: tuple[int, ...] = (1, 34, 68, 101),
    attached: bytes | None = None,
    mode: str = "NFOV_2X2BINNED",
    title: str = "DEPTH",
    color_size: tuple[int, int] = (1280, 720),
) -> Path:
    """Frame t: depth of 1000 + 100 t mm, infrared of 100 t, color of brightness 40 + 20 t."""
    raw = {"allow_raw_vfw": "1"}
    with av.open(str(path), "w", format="matroska", options=raw) as file:
        color = file.add_stream("mjpeg", rate=30)
        color.width, color.height = color_size
        color.pix_fmt = "yuvj420p"
        depth, infrared = (file.add_stream("rawvideo", rate=30) for _ in range(2))
        for stream, name in ((color, "COLOR"), (depth, title), (infrared, "IR")):
            stream.metadata["title"] = name
            stream.time_base = Fraction(1, 1000)
            stream.codec_context.time_base = Fraction(1, 1000)
        for stream in (depth, infrared):
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "gray16be"
        depth.metadata["K4A_DEPTH_MODE"] = mode
        content = calibration() if attached is None else attached
        if content:
            file.add_attachment("calibration.json", "application/octet-stream", content)
        plane = np.zeros((HEIGHT, WIDTH), np.uint16)
        images = [(ms, depth, plane + 1000 + 100 * t, "gray16be") for t, ms in enumerate(times_ms)]
        images += [(ms, infrared, plane + 100 * t, "gray16be") for t, ms in enumerate(times_ms)]
        images += [
            (ms, color, np.full((*color_size[::-1], 3), 40 + 20 * t, np.uint8), "rgb24")
            for t, ms in enumerate(color_ms)
        ]
        for ms, stream, image, pixels in sorted(images, key=lambda one: one[0]):
            frame = av.VideoFrame.from_ndarray(image, format=pixels)
            frame.pts, frame.time_base = ms, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        for stream in (color, depth, infrared):
            file.mux(stream.encode(None))
    _name_pixels(path)
    return path


def _name_pixels(path: Path) -> None:
    """Write "b16g" into the tracks' BITMAPINFOHEADER, as k4arecorder does, where FFmpeg has 0."""
    content = bytearray(path.read_bytes())
    header = struct.pack("<Iii", 40, WIDTH, -HEIGHT)  # from bottom to top, for want of a name
    at = content.find(header)
    while at >= 0:
        content[at + 8 : at + 12] = struct.pack("<i", HEIGHT)
        content[at + 16 : at + 20] = b"b16g"
        at = content.find(header, at + 40)
    path.write_bytes(content)


def brightness(recording: Recording, t: int) -> float:
    assert recording.color is not None
    return float(recording.color[t][140:150, 150:170].mean())


def test_azure_kinect_reads_all_tracks(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path / "wave.mkv"))
    assert (recording.source, recording.name, len(recording)) == ("azure_kinect", "wave", 4)
    assert recording.frame_rate_hz == pytest.approx(30, abs=0.5)
    assert recording.repairs == ()
    camera = recording.camera
    assert (camera.width, camera.height) == (WIDTH, HEIGHT)
    assert (camera.fx, camera.cx, camera.cy) == (256, 256 - 96 - 0.5, 256 - 90 - 0.5)
    for t in (2, 0, 3, 1):  # out of order
        np.testing.assert_array_equal(recording.depth[t], np.float32(0.001) * (1000 + 100 * t))
        assert recording.infrared is not None
        expected = 255 * np.sqrt(100 * t / 16_000)
        np.testing.assert_allclose(recording.infrared[t], expected, rtol=1e-5)
        assert brightness(recording, t) == pytest.approx(40 + 20 * t, abs=3)


def test_azure_kinect_refuses_a_color_frame_that_was_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path / "wave.mkv")
    content = bytearray(path.read_bytes())
    at = -1
    for _ in range(2):  # the second frame's coded data
        at = content.index(b"\xff\xda", at + 1)
    content[at + 200 : at + 204] = b"\xff\x12" * 2
    path.write_bytes(content)
    recording = open_recording(path)
    assert recording.color is not None
    with pytest.raises(FormatError, match=r"wave\.mkv: frame 2 of 4 .* cannot be decoded"):
        _ = recording.color[1]
    for t in (0, 2, 3):
        assert brightness(recording, t) == pytest.approx(40 + 20 * t, abs=3)


def test_azure_kinect_pairs_by_time_and_says_what_is_missing(tmp_path: Path) -> None:
    times = (0, 33, 67, 200, 233, 267)  # three frames were dropped
    path = write(tmp_path / "wave.mkv", times_ms=times, color_ms=(0, 67, 200, 233, 267))
    recording = open_recording(path)
    assert "about 3 frames are missing in 1 gap," in recording.repairs[0]
    assert "1 of 6 frames has no color image of that time" in recording.repairs[1]
    assert brightness(recording, 2) == pytest.approx(40 + 20 * 1, abs=3)
    assert brightness(recording, 5) == pytest.approx(40 + 20 * 4, abs=3)


def test_azure_kinect_says_that_color_of_another_size_is_left_out(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path / "wave.mkv", color_size=(640, 360)))
    assert recording.color is None
    assert "color is left out: the camera delivers no 640x360" in recording.repairs[0]
    assert recording.depth[3].any()


def test_azure_kinect_takes_the_lens_out_of_depth(tmp_path: Path) -> None:
    """A lens that shows rays of radius r at r (1 + k r^2) leaves the center and moves the rim."""
    lens = [0.2, *_NONE[1:]]
    path = write(tmp_path / "wave.mkv", attached=calibration(lens))
    recording = open_recording(path)
    depth = recording.depth[0]
    camera = recording.camera
    assert depth[144, 160] == 1.0
    x = np.arange(WIDTH) - camera.cx
    radius = np.abs(x) / camera.fx
    shown = camera.cx + x * (1 + 0.2 * radius**2)
    inside = (shown > -0.4) & (shown < WIDTH - 0.6)
    np.testing.assert_array_equal(depth[round(camera.cy)] > 0, inside)


def test_azure_kinect_frames_are_equal_in_threads_and_forks(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path / "wave.mkv"))
    expected = [recording.depth[t].tobytes() for t in range(4)]
    found: list[bool] = []

    def read() -> None:
        found.extend(recording.depth[t].tobytes() == expected[t] for t in (3, 1, 2, 0) * 3)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 48 and all(found)
    child = os.fork()
    if not child:
        os._exit(0 if recording.depth[2].tobytes() == expected[2] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_azure_kinect_opens_a_path_with_a_colon(tmp_path: Path) -> None:
    folder = tmp_path / "http:" / "a:b"
    folder.mkdir(parents=True)
    assert len(open_recording(write(tmp_path / "w.mkv").rename(folder / "concat:x.mkv"))) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": "SOMETHING"}, "no depth track with frames .tracks: COLOR, SOMETHING, IR"),
        ({"mode": "PASSIVE_IR"}, "depth mode 'PASSIVE_IR', expected one of"),
        ({"mode": "WFOV_UNBINNED"}, "depth is 320x288, its mode delivers 1024x1024"),
        ({"attached": b""}, "no calibration.json attached"),
        ({"attached": b"{"}, "its calibration cannot be read"),
        ({"attached": b'{"CalibrationInformation": []}'}, "its calibration cannot be read"),
    ],
)
def test_azure_kinect_refuses_what_it_cannot_trust(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(FormatError, match=rf"wave\.mkv: .*{message}"):
        open_recording(write(tmp_path / "wave.mkv", **changes))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3])
def test_azure_kinect_refuses_truncated_files(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "wave.mkv")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FormatError, match=r"wave\.mkv"):
        for depth in open_recording(path).depth:
            assert depth.any()
        raise FormatError("wave.mkv: cut between two frames, all before are whole")


def test_azure_kinect_reads_a_real_recording(data_dir: Path) -> None:
    (path,) = find_recordings(data_dir / "azure_kinect")
    recording = open_recording(path)
    depth, color = recording.depth[0], recording.color
    assert color is not None and recording.infrared is not None
    assert (recording.camera.width, recording.camera.height) == (640, 576)
    assert recording.camera.fx == pytest.approx(504.58, abs=0.1)  # of calibration.json
    assert 0.85 < (depth > 0).mean() < 0.9
    seen = color[0].any(axis=-1)
    assert seen[depth > 0].mean() > 0.95  # the color camera sees what the depth camera sees
    # edges in color lie where they lie in infrared: to a pixel or two, registered
    edges = [_edges(color[0].mean(axis=-1)), _edges(recording.infrared[0])]
    assert np.abs(_best_shift(*edges, upto=10)).max() <= 2


def _edges(image: np.ndarray) -> np.ndarray:
    """Where the mug is: how much neighbors differ, without the strongest differences."""
    window = image[320:540, 80:360].astype(np.float64)
    y, x = np.gradient(window)
    size = np.hypot(x, y)
    return np.minimum(size, np.percentile(size, 95))


def _best_shift(one: np.ndarray, other: np.ndarray, *, upto: int) -> np.ndarray:
    """The shift (y, x) at which two images correlate best."""
    inner = one[upto:-upto, upto:-upto]
    shifts = [(y, x) for y in range(-upto, upto + 1) for x in range(-upto, upto + 1)]
    height, width = inner.shape
    scores = [
        np.corrcoef(inner.ravel(), other[upto + y :, upto + x :][:height, :width].ravel())[0, 1]
        for y, x in shifts
    ]
    return np.array(shifts[int(np.argmax(scores))])
