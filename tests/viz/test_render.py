"""Films, animations and strips: their kind, size, speed, and what they show."""

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import Mock

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from skelflow.camera.pinhole import project
from skelflow.errors import ConfigError, DataError
from skelflow.recordings import open_recording
from skelflow.types import Recording, Skeleton
from skelflow.viz.paint import BONE, JOINT
from skelflow.viz.render import render, views
from skelflow.viz.render.encode import save_gif, save_mp4
from skelflow.viz.render.rerun import save_rerun
from skelflow.viz.render.views import Wish, draw_view
from tests.cli.test_commands import run
from tests.tiny_flow import CAMERA, HEIGHT, WIDTH, color_image, recording, write_recording
from tests.web.visitor import write_recording as write_person


def with_body(frames: int = 5) -> Recording:
    joints_m = np.full((frames, 1, 20, 3), np.nan, np.float32)
    joints_m[..., :2, :] = (0.0, 0.0, 1.4), (0.3, 0.2, 1.4)  # hip center and spine
    tracking = np.full(joints_m.shape[:3], 2, np.uint8)
    skeleton = Skeleton("kinect_v1", joints_m, project(joints_m, CAMERA), tracking)
    return replace(recording(frames), skeleton=skeleton)


def test_mp4_is_h264_that_every_browser_plays(tmp_path: Path) -> None:
    made = render(recording(), "color", tmp_path / "new" / "a.mp4")
    assert (made.pictures, made.rate_hz) == (5, 30.0)
    with av.open(str(made.path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 30
    assert len(frames) == 5
    assert np.abs(frames[4].astype(int) - color_image(4)).mean() < 12  # chroma is halved
    assert not list(tmp_path.rglob(".partial*"))


def test_mp4_of_an_odd_size_loses_a_row_and_a_column(tmp_path: Path) -> None:
    pictures = iter([np.full((31, 45, 3), 100, np.uint8)] * 2)
    assert save_mp4(pictures, tmp_path / "a.mp4", 29.97) == 2
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (44, 30)
        assert float(stream.average_rate or 0) == pytest.approx(29.97, rel=1e-3)


def test_mp4_in_a_folder_with_a_colon_is_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "http:").mkdir()
    pictures = iter([np.full((32, 32, 3), 100, np.uint8)] * 2)
    assert save_mp4(pictures, Path("http:") / "a.mp4", 30.0) == 2
    assert (tmp_path / "http:" / "a.mp4").read_bytes()[4:8] == b"ftyp"


def test_gif_lasts_as_long_as_the_recording(tmp_path: Path) -> None:
    ramp = np.repeat(4 * np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2)
    pictures = [np.roll(ramp, i, axis=1) for i in range(30)]
    save_gif(iter(pictures), tmp_path / "a.gif", 30.0)
    lasts_ms = []
    with Image.open(tmp_path / "a.gif") as animation:
        assert getattr(animation, "n_frames", 1) == 30
        for i in range(30):
            animation.seek(i)
            lasts_ms.append(animation.info["duration"])
        assert animation.info["loop"] == 0
        shown = np.asarray(animation.convert("RGB"))
    assert sum(lasts_ms) == 1000
    assert np.abs(shown.astype(int) - pictures[29]).max() < 8


def test_png_is_a_strip_of_evenly_spaced_frames(tmp_path: Path) -> None:
    made = render(recording(9), "color", tmp_path / "a.png", count=3, height=24)
    strip = cv2.imread(str(made.path))[..., ::-1]
    assert strip.shape == (24, 3 * 32 + 2 * 4, 3)
    clock = [int(strip[0, x].mean()) for x in (0, 36, 72)]
    assert clock == pytest.approx([0, 40, 80], abs=4)


@pytest.mark.parametrize("view", ["depth", "flow", "infrared"])
def test_view_has_the_size_of_the_depth(view: str, tmp_path: Path) -> None:
    source = recording(3, infrared=True)
    made = render(source, view, tmp_path / "a.png")
    expected = 2 if view == "flow" else 3  # flow is to the next frame
    assert made.pictures == expected
    shape = cv2.imread(str(made.path)).shape
    assert shape == (HEIGHT, expected * (WIDTH + 4) - 4, 3)


def test_skeleton_draws_bones_and_joints(tmp_path: Path) -> None:
    made = render(with_body(), "skeleton", tmp_path / "a.png", count=1)
    image = cv2.imread(str(made.path))[..., ::-1].astype(int)
    for color in (BONE, JOINT):
        assert (np.abs(image - color).max(axis=-1) < 90).any()


def test_attention_is_drawn_at_the_frames_that_the_network_reads(tmp_path: Path) -> None:
    folder = write_person(tmp_path / "person")
    path = next((folder / "nturgb+d_skeletons").glob("*.skeleton"))
    assert run("render", path, "--view", "attention", "--to", tmp_path / "a.gif", "--quiet") == 0
    with Image.open(tmp_path / "a.gif") as animation:
        assert getattr(animation, "n_frames", 1) == 3  # every third of seven pairs
        assert animation.info["duration"] == 100


def test_render_says_what_there_is_to_show(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to show as color; it has depth, flow, attention"):
        render(recording(color=False), "color", tmp_path / "a.mp4")
    with pytest.raises(ConfigError, match=r"endings \.mp4, \.gif, \.png, \.rrd"):
        render(recording(), "color", tmp_path / "a.mkv")
    with pytest.raises(ConfigError, match="no frames from 5 to 9"):
        render(recording(), "color", tmp_path / "a.png", frames=(5, 9))
    with pytest.raises(DataError, match="nothing to show as infrared"):
        render(recording(), "infrared", tmp_path / "new" / "a.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(find_spec("rerun") is not None, reason="rerun is installed")
def test_rerun_says_how_it_is_installed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_recording(tmp_path / "block")
    assert run("render", path, "--rerun") == 2
    assert 'pip install "skelflow[rerun]"' in capsys.readouterr().err


def test_rerun_file_holds_the_recording(tmp_path: Path) -> None:
    pytest.importorskip("rerun")
    made = render(with_body(), "depth", tmp_path / "a.rrd")
    assert made.pictures == 5
    assert made.path.read_bytes().startswith(b"RRF2")


class Logged:
    """Stands for a recording stream of rerun: keeps each depth image and when it is shown."""

    def __init__(self) -> None:
        self.now_s, self.depths = 0.0, list[tuple[float, np.ndarray]]()

    def set_time(self, _: str, *, duration: float) -> None:
        self.now_s = duration

    def log(self, path: str, value: object, **_: object) -> None:
        if path == "camera/depth" and isinstance(value, np.ndarray):
            self.depths.append((self.now_s, value))

    def save(self, path: str) -> None:
        Path(path).touch()

    def disconnect(self) -> None: ...


def test_rerun_gets_the_frames_that_the_network_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Logged()
    stub = Mock(RecordingStream=lambda *_, **__: stream, DepthImage=lambda image, **_: image)
    monkeypatch.setitem(sys.modules, "rerun", stub)
    folder = write_person(tmp_path / "person", frames=16)
    path = next((folder / "nturgb+d_skeletons").glob("*.skeleton"))
    twice_as_fast = replace(open_recording(path), frame_rate_hz=60.0)
    times = tuple(range(len(twice_as_fast)))
    wish = Wish(times, "paper", None, "synthetic-8", progress=lambda *_: None)
    view = draw_view(twice_as_fast, "attention", wish)
    assert save_rerun("attention", view, tmp_path / "a.rrd") == len(stream.depths) == 3
    for frame, (at_s, depth) in zip((0, 6, 12), stream.depths, strict=True):
        assert at_s == pytest.approx(frame / 60)
        np.testing.assert_array_equal(depth, twice_as_fast.depth[frame])


def test_render_needs_somewhere_to_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("render", write_recording(tmp_path / "block")) == 2
    assert "--rerun" in capsys.readouterr().err


@pytest.mark.parametrize("range_m", ["0", "-1", "nan"])
def test_a_range_that_is_none_is_refused_before_any_flow_is_solved(
    range_m: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(views, "pair_flow", Mock(side_effect=AssertionError("solved")))
    folder, words = write_recording(tmp_path / "block"), ("--view", "flow", "--range-m", range_m)
    assert run("render", folder, *words, "--to", tmp_path / "a.png") == 2
    assert "range_m must be positive and finite" in capsys.readouterr().err
