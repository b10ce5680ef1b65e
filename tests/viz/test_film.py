"""Film and strip: what they show, where, and that nothing is drawn twice."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.datasets.flow_files.folder import FlowFolder, FlowFolderConfig, write_flows
from skelflow.flow.encoding import decode_flow
from skelflow.types import Camera, Frames, Projection, Recording
from skelflow.viz.film import CODEC, draw_frame, fit_panel, save_film
from skelflow.viz.flow_report import report_flow
from skelflow.viz.paint import AT_REST, UNKNOWN, Painter, axis_bar, paint_depth, paint_flow
from skelflow.viz.strip import box, save_strip, spread
from tests.tiny_flow import CAMERA, HEIGHT, WIDTH, color_image, depth_image, recording


def solve(folder: Path, source: Recording | None = None, **config: object) -> FlowFolder:
    return write_flows(source or recording(), folder, FlowFolderConfig(**config))  # type: ignore[arg-type]


def read_video(path: Path) -> tuple[list[np.ndarray], float]:
    capture = cv2.VideoCapture(str(path))
    images, rate = [], capture.get(cv2.CAP_PROP_FPS)
    while (got := capture.read())[0]:
        images.append(got[1][..., ::-1])
    return images, rate


def test_paint_flow_makes_right_red_down_green_away_blue() -> None:
    flow = np.zeros((1, 5, 3), np.float32)
    for axis in range(3):
        flow[0, axis, axis] = 0.05
    seen = np.array([[True, True, True, True, False]])
    painted = paint_flow(flow, seen, 0.05)
    assert painted[0, 0].tolist() == [255, 128, 128]
    assert painted[0, 1].tolist() == [128, 255, 128]
    assert painted[0, 2].tolist() == [128, 128, 255]
    assert tuple(painted[0, 3]) == AT_REST
    assert tuple(painted[0, 4]) == UNKNOWN


def test_paint_depth_is_brighter_the_nearer() -> None:
    painted = paint_depth(np.array([[1.0, 1.5, 2.0, 0.0]], np.float32), 1.0, 2.0)
    near, middle, far = painted[0, :3].astype(int).sum(axis=1)
    assert near > middle > far > sum(UNKNOWN)
    assert tuple(painted[0, 3]) == UNKNOWN


def test_painter_shows_color_then_infrared_then_depth() -> None:
    both = recording(3, infrared=True)
    for source, shows in (
        (both, "color"),
        (replace(both, color=None), "infrared"),
        (replace(both, color=None, infrared=None), "depth"),
    ):
        painter = Painter(source, (0, 1))
        assert painter.shows == shows
        assert painter.paint(1).shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(Painter(both, (0, 1)).paint(1), color_image(1))


def test_painter_shows_color_in_the_depth_pixels() -> None:
    twice = Frames(2, lambda t: np.repeat(np.repeat(color_image(t), 2, 0), 2, 1))
    matrix = np.array([[120, 0, 63.5, 0], [0, 120, 47.5, 0]], np.float32)
    source = replace(
        recording(2), color=twice, color_projection=Projection(2 * WIDTH, 2 * HEIGHT, matrix)
    )
    painted = Painter(source, (0,)).paint(0)
    seen = depth_image(0) > 0
    assert not painted[~seen].any()
    inner = (slice(10, 40), slice(15, 50))
    assert np.abs(painted[inner].astype(int) - color_image(0)[inner]).mean() < 12


def test_film_has_a_frame_a_pair_at_the_recordings_own_speed(tmp_path: Path) -> None:
    folder = solve(tmp_path, recording(7), stride=2)
    calls: list[tuple[int, int, str]] = []
    film = save_film(recording(7), folder, 0.02, progress=lambda *call: calls.append(call))
    assert film.is_video
    images, rate = read_video(film.path)
    assert len(images) == 3
    assert rate == pytest.approx(15, abs=0.1)
    assert [call[:2] for call in calls] == [(1, 3), (2, 3), (3, 3)]
    assert not list(tmp_path.glob(".partial*"))


def test_film_shows_the_picture_beside_its_flow(tmp_path: Path) -> None:
    folder = solve(tmp_path)
    page = draw_frame(Painter(recording(), folder.times), folder, 1, 0.02)
    left = fit_panel(color_image(1))
    np.testing.assert_array_equal(page[: left.shape[0], : left.shape[1]], left)
    right = page[: left.shape[0], -left.shape[1] :]
    toward = decode_flow(right, 0.02)[200:300, 200:300, 2]
    assert np.median(toward) == pytest.approx(-0.006, abs=0.002)
    assert page[left.shape[0] :].max() > 200  # the line of text
    images, _ = read_video(save_film(recording(), folder, 0.02).path)
    assert np.abs(images[1].astype(int) - page).mean() < 6  # the encoder's own error


@pytest.mark.parametrize(("codec", "found"), [(None, "h264"), (CODEC, "mpeg4")])
def test_film_is_of_a_kind_that_browsers_play_where_pyav_is_there(
    tmp_path: Path, codec: str | None, found: str
) -> None:
    av = pytest.importorskip("av")
    film = save_film(recording(3), solve(tmp_path, recording(3)), 0.02, codec=codec)
    assert film.is_video
    with av.open(str(film.path)) as container:
        (stream,) = container.streams.video
        assert (stream.codec_context.name, stream.frames) == (found, 2)


def test_film_is_frames_where_no_encoder_is_there(tmp_path: Path) -> None:
    folder = solve(tmp_path, recording(3))
    film = save_film(recording(3), folder, 0.02, codec="none")
    assert not film.is_video
    names = sorted(file.name for file in film.path.iterdir())
    assert names == ["000000.png", "000001.png"]
    expected = draw_frame(Painter(recording(3), folder.times), folder, 1, 0.02)
    np.testing.assert_array_equal(cv2.imread(str(film.path / names[1]))[..., ::-1], expected)
    assert sorted(file.suffix for file in tmp_path.iterdir()) == ["", ".json", ".npz", ".npz"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((64, 48), (512, 384)),
        ((320, 240), (640, 480)),
        ((321, 240), (642, 480)),
        ((479, 360), (958, 720)),
        ((480, 360), (480, 360)),
        ((512, 424), (512, 424)),
    ],
)
def test_panel_is_enlarged_by_a_whole_factor(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    assert fit_panel(image).shape == (expected[1], expected[0], 3)


def test_panel_of_a_large_image_is_reduced() -> None:
    assert fit_panel(np.zeros((1080, 1920, 3), np.uint8)).shape == (540, 960, 3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_legend_bar_runs_through_the_colors_of_its_axis(axis: int) -> None:
    motion = decode_flow(axis_bar(axis, 255, 4), 1.0)
    np.testing.assert_allclose(motion[2, :, axis], np.linspace(-1, 1, 255), atol=0.005)
    assert not np.delete(motion, axis, axis=-1).any()


@pytest.mark.parametrize("count", [1, 2, 8, 9, 100])
def test_spread_keeps_first_and_last_and_at_most_eight(count: int) -> None:
    times = tuple(range(0, 3 * count, 3))
    chosen = spread(times, 8)
    assert len(chosen) == min(count, 8) == len(set(chosen))
    assert (chosen[0], chosen[-1]) == (times[0], times[-1])
    steps = np.diff(chosen)
    assert steps.size == 0 or steps.max() - steps.min() <= 3


def test_box_holds_all_that_has_depth_and_a_margin() -> None:
    seen = np.zeros((40, 60), bool)
    assert box(seen) == (slice(0, 40), slice(0, 60))
    seen[10:30, 55] = True
    assert box(seen) == (slice(8, 32), slice(55, 56))


@pytest.mark.parametrize("frames", [2, 4, 12])
def test_strip_is_a_picture_that_grows_with_its_pairs(frames: int, tmp_path: Path) -> None:
    folder = solve(tmp_path, recording(frames))
    image = cv2.imread(str(save_strip(recording(frames), folder, 0.02)))
    columns = min(frames - 1, 8)
    assert image.shape[1] >= 100 * max(8, 2.6 * columns)
    assert (image == np.array(UNKNOWN)[::-1]).all(axis=-1).any()
    rest = np.abs(image.astype(int) - AT_REST).max(axis=-1) <= 1
    assert rest.any()  # the legend's, at least


def test_report_draws_everything_and_says_what_it_shows(tmp_path: Path) -> None:
    folder = solve(tmp_path)
    report = report_flow(recording(), folder)
    assert report.range_m == report.summary.range_m
    assert report.film == tmp_path / "flow.mp4"
    stored = json.loads((tmp_path / "summary.json").read_text())
    assert stored["pairs"] == 4
    assert stored["full_color_m"] == report.range_m
    assert stored["times"] == [0, 1, 2, 3]
    assert stored["settings"]["preset"] == "paper"
    text = report.to_text()
    assert "block: 4 pairs, preset paper, intensity color" in text
    assert f"largest     {report.summary.largest_motion_mm:.1f} mm" in text
    assert "saturated" not in text
    assert report.pictures == "strip.png, flow.mp4"


def test_report_says_what_int16_cut_off(tmp_path: Path) -> None:
    folder = solve(tmp_path)
    report = report_flow(recording(), folder)
    cut = replace(report, summary=replace(report.summary, saturated=7))
    assert "7 components beyond 3.2767 m were cut to it; --float keeps them" in cut.to_text()


def test_report_draws_nothing_again_unless_something_changed(tmp_path: Path) -> None:
    folder = solve(tmp_path)
    report_flow(recording(), folder)

    def stamps() -> dict[str, int]:
        return {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}

    before = stamps()
    again = report_flow(recording(), folder)
    assert stamps() == before
    assert again.pictures == "strip.png, flow.mp4"
    (tmp_path / "strip.png").unlink()
    report_flow(recording(), folder)
    assert stamps()["strip.png"] != before["strip.png"]
    before = stamps()
    report_flow(recording(), replace(folder, range_m=0.1))
    changed = {name for name, when in stamps().items() if when != before[name]}
    assert changed == {"strip.png", "flow.mp4", "summary.json"}


def test_report_of_one_pair_is_a_strip_alone(tmp_path: Path) -> None:
    report = report_flow(recording(2), solve(tmp_path, recording(2)))
    assert report.film is None
    assert report.pictures == "strip.png"
    assert not (tmp_path / "flow.mp4").exists()


def test_report_leaves_no_half_film_when_it_is_stopped(tmp_path: Path) -> None:
    folder = solve(tmp_path)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report_flow(recording(), folder, progress=stop)
    names = {file.name for file in tmp_path.iterdir()}
    assert "flow.mp4" not in names
    assert "summary.json" not in names
    assert not [name for name in names if name.startswith(".partial")]
    report_flow(recording(), folder)
    assert len(read_video(tmp_path / "flow.mp4")[0]) == 4


def test_film_takes_odd_sizes(tmp_path: Path) -> None:
    camera = Camera(63, 47, CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy)
    odd = replace(
        recording(3, color=False),
        camera=camera,
        depth=Frames(3, lambda t: np.ascontiguousarray(depth_image(t)[:47, :63])),
    )
    film = save_film(odd, solve(tmp_path, odd), 0.02)
    assert film.is_video
    assert len(read_video(film.path)[0]) == 2


def test_report_says_why_there_are_frames_instead_of_a_video(tmp_path: Path) -> None:
    folder = solve(tmp_path)
    save_film(recording(), folder, 0.01, codec="none")
    report = replace(report_flow(recording(), folder), film=tmp_path / "frames")
    assert report.pictures == "strip.png, frames (PNG frames, for OpenCV has no video encoder here)"
