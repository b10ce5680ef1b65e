"""Solving only what a clip needs: where its pixels lie, and how little it changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.camera.pinhole import unproject
from skelflow.datasets.pairs import read_color
from skelflow.datasets.prepare import PrepareConfig
from skelflow.datasets.prepare.preprocess import flow_frames, prepare_sequence
from skelflow.datasets.prepare.region import MARGIN_PX, Region, find_region
from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.store import Store
from skelflow.datasets.store.schema import StoreMeta
from skelflow.errors import ConfigError
from skelflow.flow.encoding import decode_flow
from skelflow.types import Camera, Depth, Frames, Projection, Recording, Window
from tests.cli.test_commands import run
from tests.tiny_utd import write_recording

CAMERA = Camera(128, 96, 120.0, 118.0, 63.0, 49.5)
CROP = (64, 48)
REDUCED = FlowSettings(crop=CROP, size=(32, 24), range_m=0.1, region="clip")
SLANT = np.array([0.3, -0.2, 1.0])


def plane(camera: Camera) -> Depth:
    """A slanted wall through (0, 0, 2)."""
    y, x = np.mgrid[: camera.height, : camera.width].astype(np.float64)
    rays = np.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, np.ones_like(x)], -1)
    return (2 * SLANT[2] / (rays @ SLANT)).astype(np.float32)


def region(name: str, size: tuple[int, int] = (32, 24), camera: Camera = CAMERA) -> Region:
    settings = FlowSettings(crop=CROP, size=size, region=name)  # type: ignore[arg-type]
    left, top = (camera.width - CROP[0]) // 2, (camera.height - CROP[1]) // 2
    return find_region(camera, Window(left, top, *CROP), settings)


@pytest.mark.parametrize("name", ["image", "crop", "clip"])
@pytest.mark.parametrize("size", [(64, 48), (32, 24), (16, 12), (40, 30), (40, 16), (21, 17)])
def test_region_camera_sees_the_same_surface(name: str, size: tuple[int, int]) -> None:
    found = region(name, size)
    depth = found.take_depth(plane(CAMERA))
    assert depth.shape == (found.camera.height, found.camera.width)
    off = unproject(depth, found.camera).astype(np.float64) @ SLANT - 2
    assert np.abs(off).max() < 0.01  # nearest depth lies up to half a pixel off, 8 mm


@pytest.mark.parametrize("name", ["crop", "clip"])
@pytest.mark.parametrize("size", [(64, 48), (32, 24), (40, 30)])
def test_region_has_the_margin_around_the_clip(name: str, size: tuple[int, int]) -> None:
    found = region(name, size)
    scale = found.width / CROP[0]
    assert found.x0 == int(MARGIN_PX * scale)
    assert found.camera.width == found.width + 2 * found.x0
    assert found.camera.height == found.height + 2 * found.y0


def test_region_has_no_margin_where_the_image_ends() -> None:
    small = replace(CAMERA, width=69, height=48)
    found = region("crop", camera=small)
    assert (found.x0, found.y0, found.camera.width, found.camera.height) == (2, 0, 69, 48)
    found = region("clip", camera=small)
    assert (found.x0, found.y0, found.camera.width, found.camera.height) == (1, 0, 34, 24)


@pytest.mark.parametrize("size", [(32, 24), (40, 30)])
def test_region_clip_cuts_out_the_crop(size: tuple[int, int]) -> None:
    """A marked pixel of the crop is found at its place in the clip."""
    depth = np.full((96, 128), 2.0, np.float32)
    x, y = 32 + 20, 24 + 30
    depth[y - 3 : y + 4, x - 3 : x + 4] = 1.0
    found = region("clip", size)
    near = found.take_depth(depth) < 1.5
    clip = found.cut(np.repeat(near[..., None], 3, axis=2).astype(np.float32), size)
    assert clip.shape == (size[1], size[0], 3)
    rows, columns = np.nonzero(clip[..., 0])
    expected = (np.array([20, 30]) + 0.5) * size[0] / 64 - 0.5
    assert np.abs(np.array([columns.mean(), rows.mean()]) - expected).max() < 0.5


@pytest.mark.parametrize("size", [(32, 24), (40, 30)])
def test_region_clip_keeps_surfaces_apart(size: tuple[int, int]) -> None:
    depth = np.full((96, 128), 2.0, np.float32)
    depth[:, :61] = 1.5
    depth[40:43] = 0
    taken = region("clip", size).take_depth(depth)
    assert set(np.unique(taken.round(5))) == {np.float32(0), np.float32(1.5), np.float32(2)}


@pytest.mark.parametrize("name", ["image", "crop", "clip"])
def test_region_view_reads_every_stream_in_its_own_pixels(name: str) -> None:
    ramp = np.tile(np.arange(128, dtype=np.float32), (96, 1))
    color = np.repeat(ramp[..., None], 3, axis=2).astype(np.uint8)
    recording = Recording(
        "r",
        Path("r"),
        CAMERA,
        30.0,
        Frames(2, lambda _: plane(CAMERA)),
        color=Frames(2, lambda _: color),
        infrared=Frames(2, lambda _: ramp),
    )
    found = region(name)
    view = found.view(recording)
    assert view.infrared is not None
    assert view.color is not None
    shape = view.camera.height, view.camera.width
    assert view.depth[0].shape == view.infrared[1].shape == view.color[0].shape[:2] == shape
    columns = (np.arange(shape[1]) - view.camera.cx) / view.camera.fx * CAMERA.fx + CAMERA.cx
    inner = slice(3, -3)
    np.testing.assert_allclose(view.infrared[0][5, inner], columns[inner], atol=0.01)
    np.testing.assert_allclose(view.color[0][5, inner, 1], columns[inner], atol=0.51)


def test_region_view_registers_color_onto_its_own_pixels() -> None:
    image = np.tile(np.arange(128, dtype=np.uint8)[:, None], (96, 1, 3)).astype(np.uint8)
    matrix = np.array([[120, 0, 63, 0], [0, 118, 49.5, 0]], np.float32)  # the depth camera's own
    recording = Recording(
        "r",
        Path("r"),
        CAMERA,
        30.0,
        Frames(2, lambda _: plane(CAMERA)),
        color=Frames(2, lambda _: image),
        color_projection=Projection(128, 96, matrix),
    )
    view = region("clip").view(recording)
    color = read_color(view, 0, view.depth[0])
    assert color is not None
    columns = (np.arange(view.camera.width) - view.camera.cx) * 2 + CAMERA.cx
    np.testing.assert_allclose(color[10, 2:-2, 0], columns[2:-2], atol=1)


def moving(t: int) -> Depth:
    """A bumpy block that comes nearer by 6 mm a frame, before nothing."""
    y, x = np.mgrid[:96, :128].astype(np.float32)
    near_m = 1.5 + 0.05 * np.sin(x / 6) * np.cos(y / 7) - 0.006 * t
    return np.where((abs(x - 64) < 24) & (abs(y - 48) < 18), near_m, 0).astype(np.float32)


@pytest.mark.parametrize("name", ["crop", "clip"])
def test_region_finds_the_motion_that_the_whole_image_shows(name: str) -> None:
    recording = Recording("r", Path("r"), CAMERA, 30.0, Frames(3, moving))
    config = PrepareConfig(crop=CROP, size=(32, 24), stride=1, region=name)  # type: ignore[arg-type]
    flow = flow_frames(recording, config.flow, [0, 1])
    whole = flow_frames(recording, config.flow.replace(region="image"), [0, 1])
    assert flow.shape == whole.shape
    inner = (slice(None), slice(6, 18), slice(8, 24))
    assert np.median(flow[inner][..., 2]) == pytest.approx(-0.006, abs=0.0015)
    assert np.abs(flow[inner] - whole[inner]).mean() < 0.0015
    made = prepare_sequence(recording, config, range_m=0.02)
    np.testing.assert_allclose(decode_flow(made.flow, 0.02), flow.clip(-0.02, 0.02), atol=1e-4)


def test_region_clip_refuses_a_clip_larger_than_its_crop() -> None:
    with pytest.raises(ConfigError, match="80x24, which must not exceed the crop, 64x48"):
        region("clip", (80, 24))


def test_region_refuses_an_unknown_name() -> None:
    with pytest.raises((ConfigError, TypeError), match="region"):
        region("middle")


def test_store_of_another_region_is_refused(tmp_path: Path) -> None:
    meta = StoreMeta("folder", None, REDUCED)
    whole = replace(meta, flow=REDUCED.replace(region="image"))
    Store.create(tmp_path / "s", meta)
    assert Store.open(tmp_path / "s").meta == meta
    with pytest.raises(ConfigError, match="region: 'clip' in the store, 'image' asked for"):
        Store.create(tmp_path / "s", whole, exist_ok=True)


def test_prepare_command_records_the_region(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "data", action=2, subject=1)
    options = "--size", "80x60", "--region", "clip", "--range-m", "0.1"
    assert run("prepare", path, "--out", tmp_path / "store", *options) == 0
    store = Store.open(tmp_path / "store")
    assert store.meta.flow.region == "clip"
    arm = decode_flow(store.read("a2_s1_t1").flow, 0.1)[0, 24:30, 46:51]
    assert np.median(arm[..., 2]) == pytest.approx(-0.06, abs=0.01)  # it comes nearer


def test_store_from_before_there_were_regions_saw_the_whole_image() -> None:
    meta = StoreMeta("folder", None, REDUCED)
    newer = "region", "window", "companding"
    older = {key: value for key, value in meta.to_json().items() if key not in newer}
    assert StoreMeta.from_json(older) == replace(meta, flow=REDUCED.replace(region="image"))
