"""Flow in files and folders: what is kept, what resumes, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.datasets.flow_files.folder import FlowFolderConfig, write_flows
from skelflow.datasets.flow_files.format import load_flow
from skelflow.datasets.flow_files.summary import summarize
from skelflow.datasets.pairs import PairReader
from skelflow.errors import ConfigError, DataError, FormatError, StorageError
from skelflow.flow.api import scene_flow
from skelflow.io.atomic import locked
from skelflow.types import Frames
from tests import tiny_flow
from tests.tiny_flow import CAMERA, STEP_M, depth_image, recording


def stamps(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time of the last change and content of every file."""
    return {f.name: (f.stat().st_mtime_ns, f.read_bytes()) for f in folder.iterdir()}


@pytest.mark.parametrize("intensity", ["color", "infrared", "none"])
def test_write_flows_solves_every_pair_as_scene_flow_does(intensity: str, tmp_path: Path) -> None:
    source = recording(3, infrared=True)
    config = FlowFolderConfig(lossless=True, intensity=intensity)  # type: ignore[arg-type]
    folder = write_flows(source, tmp_path, config)
    assert folder.times == (0, 1)
    images = {
        "color": lambda t: tiny_flow.color_image(t) @ np.float32([0.299, 0.587, 0.114]),
        "infrared": tiny_flow.infrared_image,
        "none": lambda _: None,
    }
    image = images[intensity]
    for t in folder.times:
        expected = scene_flow(
            depth_image(t),
            depth_image(t + 1),
            CAMERA,
            intensity=(image(t), image(t + 1)),
            preset=config.preset,
        )
        np.testing.assert_allclose(load_flow(folder.file(t)), expected, atol=1e-6)


def test_write_flows_finds_the_motion(tmp_path: Path) -> None:
    folder = write_flows(recording(color=False), tmp_path)
    for t in folder.times:
        assert np.median(load_flow(folder.file(t))[12:36, 18:46, 2]) == pytest.approx(
            -STEP_M, abs=0.001
        )


@pytest.mark.parametrize(
    ("config", "times"),
    [
        ({}, (0, 1, 2, 3, 4, 5)),
        ({"stride": 2}, (0, 2, 4)),
        ({"frames": (2, 5)}, (2, 3)),
        ({"frames": (1, None), "stride": 4}, (1, 5)),
        ({"frames": (0, 7)}, (0, 1, 2, 3, 4, 5)),
    ],
)
def test_write_flows_takes_the_pairs_asked_for(
    config: dict[str, object], times: tuple[int, ...], tmp_path: Path
) -> None:
    folder = write_flows(recording(7), tmp_path, FlowFolderConfig(**config))  # type: ignore[arg-type]
    assert folder.times == times
    names = sorted(file.name for file in tmp_path.glob("*.npz"))
    assert names == [f"flow_{t:06d}.npz" for t in times]


def test_pair_reader_decodes_a_frame_once_for_both_its_pairs() -> None:
    decoded: list[int] = []

    def decode(t: int) -> np.ndarray:
        decoded.append(t)
        return depth_image(t)

    reader = PairReader(replace(recording(color=False), depth=Frames(5, decode)), "none")
    for t in range(4):
        reader.read(t)
    assert decoded == [0, 1, 2, 3, 4]


def test_write_flows_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    whole_run = write_flows(recording(), tmp_path / "whole")

    def stop(done: int, total: int, _: str) -> None:
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_flows(recording(), tmp_path / "b", progress=stop)
    (tmp_path / "b" / ".partial-1-flow_000002.npz").write_bytes(b"half")
    before = stamps(tmp_path / "b")
    folder = write_flows(recording(), tmp_path / "b")
    assert (folder.computed, whole_run.computed) == (2, 4)
    after = stamps(tmp_path / "b")
    for name in ("flow_000000.npz", "flow_000001.npz"):
        assert after[name] == before[name]
    assert {k: v[1] for k, v in after.items()} == {
        k: v[1] for k, v in stamps(tmp_path / "whole").items()
    }


def test_write_flows_makes_the_same_files_with_any_number_of_threads(tmp_path: Path) -> None:
    tall = replace(
        recording(3),
        camera=replace(CAMERA, height=144),
        depth=Frames(3, lambda t: np.tile(depth_image(t), (3, 1))),
        color=Frames(3, lambda t: np.tile(tiny_flow.color_image(t), (3, 1, 1))),
    )
    for threads in (1, 3):
        write_flows(tall, tmp_path / str(threads), FlowFolderConfig(threads=threads))
    one, three = (stamps(tmp_path / name) for name in ("1", "3"))
    assert {k: v[1] for k, v in one.items()} == {k: v[1] for k, v in three.items()}


def test_write_flows_takes_more_frames_into_the_same_folder(tmp_path: Path) -> None:
    write_flows(recording(), tmp_path, FlowFolderConfig(frames=(0, 3)))
    assert write_flows(recording(), tmp_path).computed == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": FlowFolderConfig(preset="corrected")}, "preset 'paper' there, 'corrected' now"),
        ({"config": FlowFolderConfig(intensity="none")}, "intensity 'color' there, 'none' now"),
        ({"config": FlowFolderConfig(lossless=True)}, "float False there, True now"),
        ({"config": FlowFolderConfig(stride=2)}, "stride 1 there, 2 now"),
        ({"recording": recording(6)}, "frames 5 there, 6 now"),
        ({"recording": replace(recording(), name="other")}, "recording 'block' there, 'other'"),
        (
            {"recording": replace(recording(), depth=Frames(5, lambda t: depth_image(t + 1)))},
            "content",
        ),
        (
            {"recording": replace(recording(), camera=replace(CAMERA, fx=61.0))},
            r"camera \[64, 48, 60.0, 60.0, 31.5, 23.5, .* there, \[64, 48, 61.0",
        ),
    ],
)
def test_write_flows_refuses_to_mix(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    write_flows(recording(), tmp_path, FlowFolderConfig(frames=(0, 2)))
    before = stamps(tmp_path)
    asked = {"recording": recording(), "config": FlowFolderConfig(), **change}
    with pytest.raises(ConfigError, match=rf"otherwise \([^)]*{message}.*another folder"):
        write_flows(asked["recording"], tmp_path, asked["config"])  # type: ignore[arg-type]
    assert stamps(tmp_path) == before


def test_write_flows_refuses_what_another_version_made(tmp_path: Path) -> None:
    write_flows(recording(), tmp_path, FlowFolderConfig(frames=(0, 2)))
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"skelflow": "0.0.1"}))
    with pytest.raises(ConfigError, match=r"skelflow '0\.0\.1' there"):
        write_flows(recording(), tmp_path)


@pytest.mark.parametrize("content", ["{}", "[1]", "no json"])
def test_write_flows_refuses_settings_that_are_not_its_own(content: str, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(content)
    with pytest.raises(DataError, match=r"settings\.json: not written by"):
        write_flows(recording(), tmp_path)
    assert (tmp_path / "settings.json").read_text() == content


def test_write_flows_refuses_flow_of_unknown_making(tmp_path: Path) -> None:
    (tmp_path / "flow_000007.npz").write_bytes(b"")
    with pytest.raises(DataError, match=r"holds flow_000007\.npz but no settings\.json"):
        write_flows(recording(), tmp_path)


def test_write_flows_names_a_folder_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match=r"file.* cannot be written"):
            write_flows(recording(), out)


@pytest.mark.parametrize(
    ("frames", "config", "message"),
    [
        (1, {}, r"1 frame; flow needs at least 2"),
        (5, {"frames": (4, None)}, "frames 4:5 asked for, it has 5"),
        (5, {"frames": (0, 6)}, "frames 0:6 asked for, it has 5"),
        (5, {"intensity": "infrared"}, "none infrared frames, 5 depth frames"),
    ],
)
def test_write_flows_leaves_no_folder_when_there_is_no_pair(
    frames: int, config: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"somewhere/block: {message}"):
        write_flows(recording(frames), tmp_path / "out", FlowFolderConfig(**config))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"stride": 0}, "stride: found 0, expected at least 1"),
        ({"threads": 0}, "threads: found 0, expected at least 1"),
        ({"frames": (3, 4)}, "frames 3:4 hold no pair"),
        ({"frames": (-1, 4)}, "frames -1:4"),
        ({"range_m": 0.0}, "range_m: found 0.0, expected positive"),
        ({"range_m": np.inf}, "range_m: found inf, expected a finite number"),
        ({"preset": "papr"}, "did you mean 'paper'"),
    ],
)
def test_flow_config_refuses(config: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FlowFolderConfig(**config)  # type: ignore[arg-type]


def test_summary_counts_what_moves(tmp_path: Path) -> None:
    folder = write_flows(recording(color=False), tmp_path)
    found = summarize(folder)
    flow = np.stack([load_flow(folder.file(t)) for t in folder.times])
    length = np.linalg.norm(flow, axis=-1)
    moving = length > 0.001
    seen = 4 * (48 * 64 - 48)
    assert found.pairs == 4
    assert found.moving_share == pytest.approx(moving.sum() / seen, abs=1e-5)
    assert found.mean_motion_mm == pytest.approx(1000 * length[moving].mean(), abs=1e-3)
    assert found.largest_motion_mm == pytest.approx(1000 * length.max(), abs=0.05)
    t, y, x = np.unravel_index(length.argmax(), length.shape)
    assert (found.largest_frame, found.largest_pixel) == (t, (x, y))
    assert found.median_depth_m == pytest.approx(2.5, abs=0.01)
    expected_m = np.percentile(np.abs(flow[moving]), 99.5)
    assert found.range_m == pytest.approx(expected_m, abs=0.0006)
    json.dumps(found.to_json())


def test_summary_of_a_still_recording_says_that_nothing_moves(tmp_path: Path) -> None:
    still = replace(recording(), depth=Frames(3, lambda _: depth_image(0)), color=None)
    found = summarize(write_flows(still, tmp_path))
    assert (found.moving_share, found.mean_motion_mm, found.largest_motion_mm) == (0, 0, 0)
    assert found.range_m == 0.001


def test_flow_of_a_recording_without_any_depth_is_refused_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    empty = replace(
        recording(color=False), depth=Frames(3, lambda _: np.zeros((48, 64), np.float32))
    )
    with pytest.raises(DataError, match=r"depth is 0 .* all of the 2 frame pairs"):
        write_flows(empty, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_flow_says_which_frame_of_which_recording_is_not_in_meters(tmp_path: Path) -> None:
    shrunk = replace(recording(4), depth=Frames(4, lambda t: depth_image(t) / (1, 1, 1000, 1)[t]))
    with pytest.raises(DataError, match=r"block: depth of frame 2 spans 0\.00.*1000 once"):
        write_flows(shrunk, tmp_path / "out", FlowFolderConfig(preset="fast"))


def test_flow_of_a_recording_that_gets_depth_later_is_solved(tmp_path: Path) -> None:
    def late(t: int) -> np.ndarray:
        return depth_image(t) if t else np.zeros((48, 64), np.float32)

    found = write_flows(replace(recording(color=False), depth=Frames(3, late)), tmp_path / "out")
    assert found.computed == 2
    assert summarize(found).median_depth_m == pytest.approx(2.5, abs=0.01)


def test_write_flows_that_failed_do_not_stand_in_the_way_of_other_settings(tmp_path: Path) -> None:
    def broken(t: int) -> np.ndarray:
        if t == 2:
            raise FormatError("2.png: damaged image")
        return depth_image(t)

    bad = replace(recording(3), depth=Frames(3, broken))
    out = tmp_path / "new" / "out"
    for made_before in (False, True):
        with pytest.raises(FormatError):
            write_flows(bad, out, FlowFolderConfig(frames=(1, 3), preset="fast"))
        assert (tmp_path / "new").exists() == made_before
        out.mkdir(parents=True, exist_ok=True)
    assert not list(out.iterdir())
    assert write_flows(bad, out, FlowFolderConfig(frames=(0, 2), preset="fast")).computed == 1
    with locked(out), pytest.raises(DataError, match="another run is writing here"):
        write_flows(bad, out, FlowFolderConfig(frames=(0, 2), preset="fast"))
