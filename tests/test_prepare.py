"""Preparing a data set: resumable, the same with any number of workers, nothing lost silently."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.datasets.prepare import PrepareConfig, prepare
from skelflow.datasets.sequence import measured_range, moving_components, prepare_sequence
from skelflow.datasets.store import Store
from skelflow.errors import ConfigError, DataError
from skelflow.flow.color import decode_flow
from skelflow.flow.solver import scene_flow
from skelflow.types import Camera, Depth, Frames, Labels, Recording, Skeleton

WIDTH, HEIGHT = 64, 48
CAMERA = Camera(WIDTH, HEIGHT, 60.0, 60.0, 31.5, 23.5)
CONFIG = PrepareConfig(crop=(40, 32), size=(20, 16))


def depth_image(t: int, step_mm: float = 6.0) -> Depth:
    """A bumpy body that comes nearer by `step_mm` a frame, before nothing."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    near_m = 1.5 + 0.05 * np.sin(x / 4) * np.cos(y / 5) - step_mm / 1000 * t
    body = (np.abs(x - 31) < 18) & (np.abs(y - 23) < 15)
    return np.where(body, near_m, 0).astype(np.float32)


def skeleton(frames: int) -> Skeleton:
    joints_px = np.full((frames, 1, 20, 2), (31.5, 23.5), np.float32)
    joints_px[:, 0, 1] = (0, 0)
    joints_px[:, 0, 2] = np.nan
    joints_px[:, 0, 3] = (2, 3)  # in the image, outside the crop
    joints_px[:, 0, 4] = (70, 10)  # outside the image
    tracking = np.full((frames, 1, 20), 2, np.uint8)
    tracking[:, 0, 5], tracking[:, 0, 6] = 0, 1
    joints_m = np.zeros((frames, 1, 20, 3), np.float32)
    joints_m[..., 0] += np.arange(frames, dtype=np.float32)[:, None, None]
    return Skeleton("kinect_v1", joints_m, joints_px, tracking)


def recording(frames: int = 8) -> Recording:
    return Recording(
        name="r",
        path=Path("somewhere/r"),
        camera=CAMERA,
        frame_rate_hz=30.0,
        depth=Frames(frames, depth_image),
        skeleton=skeleton(frames),
        labels=Labels(action=2, subject=1),
    )


def write_recording(folder: Path, *, frames: int = 5, subject: int = 1, step_mm: float = 6) -> None:
    (folder / "depth").mkdir(parents=True)
    (folder / "recording.toml").write_text(
        "[recording]\nframe_rate_hz = 30\ndepth_scale = 0.001\n"
        "[camera]\nfx = 60\nfy = 60\ncx = 31.5\ncy = 23.5\n"
        f"[labels]\naction = 1\nsubject = {subject}\n"
    )
    for t in range(frames):
        depth_mm = np.rint(depth_image(t, step_mm) * 1000).astype(np.uint16)
        assert cv2.imwrite(str(folder / "depth" / f"{t}.png"), depth_mm)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for i in range(3):
        write_recording(tmp_path / "source" / f"r{i}", subject=i + 1)
    return tmp_path / "source"


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_prepare_sequence_crops_resizes_and_colors_the_flow() -> None:
    made = prepare_sequence(recording(), CONFIG, range_m=0.02, layout="kinect_v1")
    assert made.flow.shape == (3, 16, 20, 3)
    whole = scene_flow(None, depth_image(3), None, depth_image(4), camera=CAMERA)
    window = whole[8:40, 12:52]
    mean = window.reshape(16, 2, 20, 2, 3).mean((1, 3))
    error = np.abs(decode_flow(made.flow[1:2], 0.02)[0] - np.clip(mean, -0.02, 0.02))
    assert error.max() <= 0.5 * 0.02 / 127 + 1e-6
    assert np.median(decode_flow(made.flow, 0.02)[:, 4:12, 6:14, 2]) == pytest.approx(
        -0.006, abs=0.002
    )


def test_prepare_sequence_moves_joints_into_the_flow_pixels() -> None:
    made = prepare_sequence(recording(), CONFIG, range_m=0.02, layout="kinect_v1")
    assert made.joints_px.shape == (3, 1, 20, 2)
    x, y = made.joints_px[1, 0, 0]
    assert (x, y) == ((31.5 - 12 + 0.5) / 2 - 0.5, (23.5 - 8 + 0.5) / 2 - 0.5)
    assert made.joints_px[0, 0, 3].tolist() == [(2 - 12 + 0.5) / 2 - 0.5, (3 - 8 + 0.5) / 2 - 0.5]
    missing = np.isnan(made.joints_px[0, 0]).any(-1)
    assert np.flatnonzero(missing).tolist() == [1, 2, 4, 5]
    assert made.joints_m.shape == (8, 1, 20, 3)


def test_prepare_sequence_takes_the_joints_of_each_pair_first_frame() -> None:
    moving = recording()
    assert moving.skeleton is not None
    moving.skeleton.joints_px[:, 0, 0, 0] = np.arange(8) + 20
    made = prepare_sequence(moving, CONFIG, range_m=0.02, layout="kinect_v1")
    expected = (np.array([0, 3, 6]) + 20 - 12 + 0.5) / 2 - 0.5
    np.testing.assert_allclose(made.joints_px[:, 0, 0, 0], expected)


@pytest.mark.parametrize(
    ("size", "scale"), [((40, 32), (1, 1)), ((10, 16), (0.25, 0.5)), ((80, 64), (2, 2))]
)
def test_prepare_sequence_scales_each_axis(
    size: tuple[int, int], scale: tuple[float, float]
) -> None:
    made = prepare_sequence(
        recording(), replace(CONFIG, size=size), range_m=0.02, layout="kinect_v1"
    )
    assert made.flow.shape == (3, size[1], size[0], 3)
    expected = (np.array([31.5, 23.5]) - (12, 8) + 0.5) * scale - 0.5
    np.testing.assert_allclose(made.joints_px[0, 0, 0], expected)


def test_prepare_sequence_prefers_infrared_to_color() -> None:
    color = Frames(8, lambda t: np.full((HEIGHT, WIDTH, 3), t, np.uint8))
    infrared = Frames(8, lambda t: np.full((HEIGHT, WIDTH), t, np.float32))
    for given, expected in (
        ({}, "none"),
        ({"color": color}, "color"),
        ({"color": color, "infrared": infrared}, "infrared"),
    ):
        made = prepare_sequence(replace(recording(), **given), CONFIG, range_m=0.02)
        assert made.intensity == expected


def test_prepare_sequence_keeps_still_recordings() -> None:
    still = replace(recording(), depth=Frames(4, lambda _: depth_image(0)), skeleton=None)
    made = prepare_sequence(still, CONFIG, layout="kinect_v1")
    assert (made.flow == 128).all()
    assert made.joints_m.shape[:2] == (4, 0)


@pytest.mark.parametrize(
    ("change", "config", "message"),
    [
        ({"depth": Frames(1, depth_image)}, {}, r"1 frame\(s\); flow needs at least 2"),
        ({"depth": Frames(0, depth_image)}, {}, r"0 frame\(s\)"),
        ({}, {"crop": (65, 40)}, "crop 65x40 is larger than the depth image 64x48"),
        ({}, {"intensity": "color"}, "none color frames, 8 depth frames"),
        ({"skeleton": skeleton(7)}, {}, "7 skeleton frames, 8 depth frames"),
        (
            {"depth": Frames(8, lambda _: np.zeros((HEIGHT, WIDTH), np.float32))},
            {},
            "depth is 0 .* in all of the 3 frame pairs",
        ),
        (
            {"infrared": Frames(2, lambda _: np.zeros((HEIGHT, WIDTH), np.float32))},
            {},
            "2 infrared frames, 8 depth frames",
        ),
    ],
)
def test_prepare_sequence_refuses(
    change: dict[str, object], config: dict[str, object], message: str
) -> None:
    broken = replace(recording(), **change)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=f"^somewhere/r: {message}"):
        prepare_sequence(broken, replace(CONFIG, **config), range_m=0.1, layout="kinect_v1")  # type: ignore[arg-type]


def test_prepare_sequence_refuses_a_skeleton_of_another_layout() -> None:
    with pytest.raises(DataError, match="layout 'kinect_v1', this store holds 'kinect_v2'"):
        prepare_sequence(recording(), CONFIG, layout="kinect_v2")


def test_measured_range_is_a_percentile_of_what_moves() -> None:
    flow_m = np.zeros((1, 10, 100, 3), np.float32)
    flow_m[0, 0, :, 2] = -np.linspace(0.002, 0.0415, 100)
    assert moving_components(flow_m).size == 300
    assert measured_range(moving_components(flow_m)) == pytest.approx(0.041)
    assert measured_range(moving_components(np.zeros_like(flow_m))) is None


def test_prepare_makes_a_store_of_all_recordings(source: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    report = prepare(source, tmp_path / "s", CONFIG, progress=lambda *step: seen.append(step))
    assert (report.done, report.skipped_existing, report.failed) == (3, 0, ())
    assert seen == [(1, 3, "r0"), (2, 3, "r1"), (3, 3, "r2")]
    store = Store.open(tmp_path / "s")
    assert store.names() == ["r0", "r1", "r2"]
    assert store.labels()["r1"] == Labels(action=1, subject=2)
    assert (store.meta.source, store.meta.layout) == ("folder", None)
    assert store.meta.range_m is not None
    assert 0.004 <= store.meta.range_m <= 0.05
    assert store.attributes("r2")["origin"] == "r2"


def test_prepare_is_the_same_with_two_workers(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "one", CONFIG)
    report = prepare(source, tmp_path / "two", replace(CONFIG, workers=2))
    assert report.done == 3
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_prepare_goes_on_after_an_interruption(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "whole", CONFIG)

    def interrupt(done: int, _total: int, _name: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(source, tmp_path / "s", CONFIG, progress=interrupt)
    assert Store.open(tmp_path / "s").names() == ["r0", "r1"]
    (tmp_path / "s" / ".partial-r2-1").mkdir()
    report = prepare(source, tmp_path / "s", CONFIG)
    assert (report.done, report.skipped_existing) == (1, 2)
    assert contents(tmp_path / "s") == contents(tmp_path / "whole")


def test_prepare_stops_its_workers_when_interrupted(source: Path, tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    config = replace(CONFIG, workers=2, range_m=0.02)
    with pytest.raises(KeyboardInterrupt):
        prepare(source, tmp_path / "s", config, progress=interrupt)
    assert not list((tmp_path / "s").glob(".partial-*"))
    for name in Store.open(tmp_path / "s").names():
        assert Store.open(tmp_path / "s").read(name).flow.shape == (2, 16, 20, 3)


@pytest.mark.parametrize("workers", [1, 2])
def test_prepare_lists_what_failed_and_goes_on(source: Path, tmp_path: Path, workers: int) -> None:
    write_recording(source / "alone", frames=1)
    write_recording(source / "empty")
    for file in (source / "empty" / "depth").iterdir():
        cv2.imwrite(str(file), np.zeros((HEIGHT, WIDTH), np.uint16))
    write_recording(source / "torn")
    (source / "torn" / "depth" / "3.png").write_bytes(b"no image")
    report = prepare(source, tmp_path / "s", replace(CONFIG, workers=workers))
    assert (report.done, [name for name, _ in report.failed]) == (3, ["alone", "empty", "torn"])
    reasons = [reason for _, reason in report.failed]
    assert "1 frame(s)" in reasons[0]
    assert "depth is 0" in reasons[1]
    assert "3.png" in reasons[2]
    assert Store.open(tmp_path / "s").names() == ["r0", "r1", "r2"]


def test_prepare_fails_the_second_recording_of_a_name(source: Path, tmp_path: Path) -> None:
    write_recording(source / "z" / "r1")
    report = prepare(source, tmp_path / "s", CONFIG)
    assert report.done == 3
    (failed,) = report.failed
    assert failed == ("r1", "the store already holds 'r1', prepared from r1; rename one of the two")
    assert prepare(source, tmp_path / "s", CONFIG).failed == (failed,)


def test_prepare_knows_its_recordings_from_a_folder_further_up(
    source: Path, tmp_path: Path
) -> None:
    prepare(source / "r1", tmp_path / "s", CONFIG)
    report = prepare(source, tmp_path / "s", CONFIG)
    assert (report.done, report.skipped_existing) == (2, 1)


def test_prepare_measures_the_range_on_training_recordings_only(
    source: Path, tmp_path: Path
) -> None:
    prepare(source, tmp_path / "slow", CONFIG)
    write_recording(source / "fast", subject=2, step_mm=40)
    prepare(source, tmp_path / "with_fast_test", CONFIG)
    metas = [Store.open(tmp_path / name).meta for name in ("slow", "with_fast_test")]
    assert metas[0].range_m == metas[1].range_m
    assert metas[1].range_from == "measured on 2 training recordings"


def test_prepare_can_give_each_sequence_its_own_range(source: Path, tmp_path: Path) -> None:
    write_recording(source / "fast", step_mm=20)
    prepare(source, tmp_path / "s", replace(CONFIG, per_sequence_range=True))
    store = Store.open(tmp_path / "s")
    assert store.meta.range_m is None
    assert store.read("fast").range_m > 1.5 * store.read("r0").range_m
    assert max(store.read("r0").flow.max(), 255 - store.read("r0").flow.min()) >= 254


def test_prepare_keeps_the_range_of_a_store_it_goes_on_with(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "s", replace(CONFIG, range_m=0.123))
    write_recording(source / "later")
    assert prepare(source, tmp_path / "s", CONFIG).done == 1
    assert Store.open(tmp_path / "s").read("later").range_m == 0.123


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stride": 1}, "stride: 3 in the store, 1 asked for"),
        ({"range_m": 0.5}, "range_m: .* 0.5 asked for"),
        ({"per_sequence_range": True}, "per_sequence_range: False in the store, True asked for"),
        ({"preset": "exact"}, "preset: 'paper' in the store, 'exact' asked for"),
    ],
)
def test_prepare_refuses_a_store_of_another_configuration(
    source: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    prepare(source / "r0", tmp_path / "s", CONFIG)
    before = contents(tmp_path / "s")
    with pytest.raises(ConfigError, match=message):
        prepare(source, tmp_path / "s", replace(CONFIG, **change))  # type: ignore[arg-type]
    assert contents(tmp_path / "s") == before


def test_prepare_leaves_nothing_when_there_is_nothing_to_prepare(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(DataError, match="no recording below"):
        prepare(tmp_path / "source", tmp_path / "s", CONFIG)
    write_recording(tmp_path / "source" / "still", step_mm=0)
    with pytest.raises(DataError, match=r"nothing moves in the 1 recordings .* give range_m"):
        prepare(tmp_path / "source", tmp_path / "s", CONFIG)
    (tmp_path / "source" / "still" / "recording.toml").write_text("broken")
    with pytest.raises(DataError, match=r"none of the 1 recordings in .* opens: .*toml"):
        prepare(tmp_path / "source", tmp_path / "s", CONFIG)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["source"]


def test_prepare_refuses_a_crop_that_no_image_has(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="crop 320x240 is larger than the depth image 64x48"):
        prepare(source, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_prepare_refuses_to_write_into_another_folder(source: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    with pytest.raises(DataError, match="home: not a store"):
        prepare(source, tmp_path / "home", CONFIG)
    assert [entry.name for entry in (tmp_path / "home").iterdir()] == ["letter"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stride": 0}, "stride must be at least 1, found 0"),
        ({"workers": 0}, "workers must be at least 1, found 0"),
        ({"crop": (0, 10)}, "crop must be .* found"),
        ({"size": (10, -1)}, "size must be .* found"),
        ({"range_m": 0.0}, "range_m must be positive, found 0"),
        ({"range_m": 0.1, "per_sequence_range": True}, "exclude each other"),
        ({"preset": "papr"}, "did you mean 'paper'"),
    ],
)
def test_prepare_config_names_the_wrong_setting(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PrepareConfig(**change)  # type: ignore[arg-type]


def test_prepare_reads_utd_mhad(data_dir: Path, tmp_path: Path) -> None:
    file = data_dir / "utd_mhad" / "depth" / "a1_s1_t1_depth.mat"
    config = PrepareConfig(stride=30, range_m=0.07)
    assert prepare(file, tmp_path / "s", config).done == 1
    store = Store.open(tmp_path / "s")
    read = store.read("a1_s1_t1")
    assert read.flow.shape == (2, 120, 160, 3)
    assert read.labels == Labels(action=1, subject=1, replication=1)
    assert (store.meta.source, store.meta.layout) == ("utd_mhad", "kinect_v1")
    assert json.loads((tmp_path / "s" / "zarr.json").read_text())["zarr_format"] == 3
    x, y = np.rint(read.joints_px[0, 0]).astype(int).T
    moving = (read.flow[0] != 128).any(-1)
    near = [
        moving[max(0, b - 8) : b + 8, max(0, a - 8) : a + 8].any()
        for a, b in zip(x, y, strict=True)
    ]
    assert np.mean(near) > 0.9
