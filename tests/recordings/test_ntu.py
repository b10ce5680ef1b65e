"""NTU RGB+D: recordings written here in every layout, and the real files where they are."""

import re
from pathlib import Path

import numpy as np
import pytest

from skelflow.camera.calibration.fit import project_color
from skelflow.camera.pinhole import project
from skelflow.datasets.pairs import intensity_source, read_intensity
from skelflow.errors import FormatError
from skelflow.recordings import find_recordings, open_recording
from skelflow.recordings.ntu.cameras import COLOR_PROJECTION, DEPTH_CAMERA
from tests.tiny_ntu import (
    NAME,
    one_person,
    person,
    skeleton_text,
    write_depth,
    write_skeleton,
    write_video,
)


def test_ntu_reads_depth_and_labels_from_the_official_layout(tmp_path: Path) -> None:
    folder = write_depth(tmp_path / "nturgb+d_depth" / NAME, 3)
    write_depth(tmp_path / "nturgb+d_depth_masked" / NAME, 3, "MDepth", mm=2000)
    skeleton = write_skeleton(tmp_path, one_person(3))
    for path in (folder, skeleton, tmp_path / NAME):
        recording = open_recording(path)
        assert recording.name == NAME
        np.testing.assert_allclose([d[7, 9] for d in recording.depth], [1.0, 1.001, 1.002])
        assert recording.skeleton is not None
    labels = recording.labels
    assert (labels.setup, labels.camera, labels.subject) == (1, 2, 3)
    assert (labels.replication, labels.action) == (1, 58)
    masked = open_recording(tmp_path / "nturgb+d_depth_masked" / NAME)
    assert masked.depth[0][0, 0] == pytest.approx(2.0)  # the path that was given is used


def test_raw_depth_is_not_taken_for_masked_depth_that_is_not_there(tmp_path: Path) -> None:
    raw = write_depth(tmp_path / "nturgb+d_depth" / NAME, 3)
    asked = tmp_path / "nturgb+d_depth_masked" / NAME
    with pytest.raises(FormatError, match=f"no such folder, .* give {re.escape(str(raw))}"):
        open_recording(asked)


def test_ntu_keeps_original_frame_numbers_when_bodies_come_and_go(tmp_path: Path) -> None:
    frames: list[dict[int, np.ndarray]] = [{} for _ in range(30)]
    for t in range(5, 20):
        frames[t][1] = person(t)
    for t in range(10, 30):
        frames[t] = {2: person(2 * t, x=1.0), **frames[t]}  # order in a frame means nothing
    skeleton = open_recording(write_skeleton(tmp_path, frames)).skeleton
    assert skeleton is not None
    seen = np.isfinite(skeleton.joints_m).all(axis=(2, 3))
    far = np.nanmean(skeleton.joints_m[..., 0], axis=(0, 2))
    first, second = (0, 1) if far[0] < far[1] else (1, 0)
    np.testing.assert_array_equal(np.flatnonzero(seen[:, first]), np.arange(5, 20))
    np.testing.assert_array_equal(np.flatnonzero(seen[:, second]), np.arange(10, 30))
    np.testing.assert_allclose(skeleton.joints_m[12, first], person(12), atol=1e-6)
    assert (skeleton.tracking[0] == 0).all()


def test_ntu_has_two_bodies_when_one_or_none_was_seen(tmp_path: Path) -> None:
    skeleton = open_recording(write_skeleton(tmp_path, one_person())).skeleton
    assert skeleton is not None
    assert skeleton.joints_m.shape == (20, 2, 25, 3)
    assert np.isnan(skeleton.joints_m[:, 1]).all()
    empty = open_recording(write_skeleton(tmp_path, [{}, {}]))
    assert empty.skeleton is not None
    assert np.isnan(empty.skeleton.joints_m).all()
    assert empty.camera == DEPTH_CAMERA


def test_ntu_blanks_joints_that_were_not_tracked_or_have_no_pixel(tmp_path: Path) -> None:
    path = write_skeleton(tmp_path, one_person())
    lines = path.read_text().splitlines()
    lines[4] = "1 1 2 0 0 0 0 0 0 0 0 1"  # frame 1, joint 0: no pixel
    lines[5] = "1 1 2 9 9 9 9 0 0 0 0 0"  # joint 1: not tracked
    lines[6] = "1 1 2 -Infinity 5 9 9 0 0 0 0 2"
    lines[8] = "-1.#IND 1.#QNAN 2 9 9 9 9 0 0 0 -1.#IND00 2"
    path.write_text("\n".join(lines))
    skeleton = open_recording(path).skeleton
    assert skeleton is not None
    np.testing.assert_array_equal(skeleton.tracking[0, 0, :4], [1, 0, 2, 2])
    np.testing.assert_allclose(skeleton.joints_m[0, 0, 0], [1, -1, 2])
    assert np.isnan(skeleton.joints_m[0, 0, 1]).all()
    assert np.isnan(skeleton.joints_px[0, 0, :3]).all()
    assert np.isfinite(skeleton.joints_px[0, 0, 3]).all()
    assert np.isnan(skeleton.joints_m[0, 0, 4, :2]).all()


def test_ntu_fits_both_cameras_to_the_joints(tmp_path: Path) -> None:
    path = write_skeleton(tmp_path, one_person())
    write_video(tmp_path / "nturgb+d_rgb" / f"{NAME}_rgb.avi", 20, (1920, 1080))
    recording = open_recording(path)
    assert recording.camera.fx == pytest.approx(366.0, abs=1e-3)
    assert recording.camera.cy == pytest.approx(208.0, abs=1e-3)
    assert recording.color_projection is not None
    np.testing.assert_allclose(
        recording.color_projection.matrix, COLOR_PROJECTION.matrix, rtol=1e-3, atol=0.05
    )


@pytest.mark.parametrize("frames", [2, 5])
def test_ntu_skeleton_follows_the_depth_length(tmp_path: Path, frames: int) -> None:
    write_depth(tmp_path / "nturgb+d_depth" / NAME, 3)
    recording = open_recording(write_skeleton(tmp_path, one_person(frames)))
    assert recording.skeleton is not None
    assert len(recording) == len(recording.skeleton) == 3
    assert np.isnan(recording.skeleton.joints_m[2]).all() == (frames == 2)


def test_ntu_without_depth_is_as_long_as_its_skeleton(tmp_path: Path) -> None:
    recording = open_recording(write_skeleton(tmp_path, one_person()))
    assert len(recording) == 20
    with pytest.raises(FormatError, match=rf"no depth for {NAME} .*nturgb\+d_depth"):
        _ = recording.depth[0]


def test_ntu_reads_color_and_infrared_in_any_order(tmp_path: Path) -> None:
    depth = write_depth(tmp_path / NAME, 10)
    write_video(tmp_path / f"{NAME}_rgb.avi", 10, (1920, 1080))
    write_video(tmp_path / f"{NAME}_ir.avi", 10, (512, 424))
    recording = open_recording(depth)
    assert recording.color is not None
    assert recording.infrared is not None
    assert len(recording.color) == len(recording.infrared) == 10
    assert recording.color_projection == COLOR_PROJECTION
    for t in (0, 1, 2, 7, 3, 8, 9):
        red, green, blue = recording.color[t][500, 900].astype(int)
        assert abs(red - 20 * t) <= 4
        assert max(green, blue) <= 4
    assert recording.infrared[5].shape == (424, 512)
    assert recording.infrared[5].dtype == np.float32
    assert recording.infrared[5].mean() == pytest.approx(0.299 * 100, abs=2)


def test_ntu_infrared_goes_into_the_flow_as_it_is(tmp_path: Path) -> None:
    depth = write_depth(tmp_path / NAME, 2)
    write_video(tmp_path / f"{NAME}_rgb.avi", 2, (1920, 1080))
    write_video(tmp_path / f"{NAME}_ir.avi", 2, (512, 424))
    recording = open_recording(depth)
    assert intensity_source(recording, "auto") == "infrared"
    assert recording.infrared is not None
    without_depth = np.zeros((424, 512), np.float32)  # registration would leave nothing
    seen = read_intensity(recording, 1, without_depth, "infrared")
    assert seen is not None
    assert seen.any()
    np.testing.assert_array_equal(seen, recording.infrared[1])
    colored = read_intensity(recording, 1, without_depth, "color")
    assert colored is not None
    assert not colored.any()


def test_ntu_opens_by_its_video_alone(tmp_path: Path) -> None:
    path = write_video(tmp_path / f"{NAME}_rgb.avi", 4, (1920, 1080))
    assert len(open_recording(path)) == 4


def test_ntu_finds_each_recording_once(tmp_path: Path) -> None:
    write_skeleton(tmp_path, one_person())
    masked = write_depth(tmp_path / "nturgb+d_depth_masked" / NAME, 1, "MDepth")
    assert find_recordings(tmp_path) == [masked]
    raw = write_depth(tmp_path / "nturgb+d_depth" / NAME, 1)
    other = tmp_path / "nturgb+d_skeletons" / "S001C002P003R001A059.skeleton"
    other.write_text(skeleton_text(one_person()))
    assert find_recordings(tmp_path) == [raw, other]


def test_ntu_says_what_it_mended(tmp_path: Path) -> None:
    depth = write_depth(tmp_path / NAME, 4, mm=3000)
    write_skeleton(tmp_path, one_person(3))
    write_video(tmp_path / f"{NAME}_ir.avi", 2, (512, 424))
    write_video(tmp_path / f"{NAME}_rgb.avi", 5, (1920, 1080))
    recording = open_recording(depth)
    why = "the recording 4, and nothing says which belong together: the video is left out"
    assert recording.repairs == (
        f"{NAME}_rgb.avi has 5 frames, {why}",
        f"{NAME}_ir.avi has 2 frames, {why}",
        "the skeleton has 3 frames, the recording 4: the rest has no joints",
    )
    assert recording.color is recording.infrared is None
    for part in tmp_path.glob("*.avi"):
        part.unlink()
    write_skeleton(tmp_path, one_person(4))
    assert open_recording(depth).repairs == ()


def test_ntu_takes_parts_from_several_disks(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_skeleton(one, one_person(3))
    write_skeleton(one, one_person(3), name="S001C002P003R001A059")
    write_depth(two / "nturgb+d_depth_masked" / "S001" / NAME, 3, "MDepth")
    (one / "skelflow-roots.txt").write_text("# the other disk\n../two\n")
    paths = find_recordings(one)
    assert paths == [one / NAME, one / "S001C002P003R001A059"]
    recording = open_recording(paths[0])
    assert recording.depth[2][0, 0] == pytest.approx(1.002)
    assert recording.skeleton is not None
    assert open_recording(paths[1]).skeleton is not None
    (one / "skelflow-roots.txt").write_text("../three")
    with pytest.raises(FormatError, match=r"roots\.txt: .*three is no folder: is its disk there"):
        find_recordings(one)


@pytest.mark.parametrize("masked_folder", [f"nturgb+d_depth_masked/{NAME}", f"masked_{NAME}"])
def test_ntu_takes_raw_depth_of_another_disk_before_masked_depth(
    tmp_path: Path, masked_folder: str
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    skeleton = write_skeleton(one, one_person(1))
    write_depth(one / masked_folder, 1, "MDepth", mm=2000)
    write_depth(two / "nturgb+d_depth" / NAME, 1, mm=1000)
    (one / "skelflow-roots.txt").write_text("../two\n")
    for path in (*find_recordings(one), skeleton):
        assert open_recording(path).depth[0][0, 0] == pytest.approx(1.0)
    masked = open_recording(one / masked_folder)
    assert masked.depth[0][0, 0] == pytest.approx(2.0)


def test_ntu_follows_links_to_other_disks_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    skeleton = write_skeleton(one, one_person(3))
    write_depth(two / NAME, 3)
    (one / "nturgb+d_depth").symlink_to(two)
    (two / "back").symlink_to(one)
    assert find_recordings(one) == [one / "nturgb+d_depth" / NAME]
    assert len(open_recording(skeleton)) == 3
    assert open_recording(skeleton).depth[0].any()


def test_ntu_camera_projects_real_joints_onto_their_pixels(data_dir: Path) -> None:
    paths = sorted((data_dir / "ntu" / "skeletons").glob("*.skeleton"))
    assert len(paths) == 5
    for path in paths:
        recording = open_recording(path)
        skeleton = recording.skeleton
        assert skeleton is not None
        found = project(skeleton.joints_m, recording.camera)
        error_px = np.linalg.norm(found - skeleton.joints_px, axis=-1)
        assert np.nanmedian(error_px) < 0.2
        assert np.nanmax(error_px) < 1.5
        assert 364 < recording.camera.fx < 368


def test_ntu_reads_real_depth(data_dir: Path) -> None:
    name = "S001C001P001R001A058"
    masked = open_recording(data_dir / "ntu" / "depth" / f"masked_{name}")
    raw = open_recording(data_dir / "ntu" / "depth" / f"raw_{name}")
    assert (len(masked), len(raw)) == (71, 24)
    person_m = masked.depth[10]
    on = person_m > 0
    assert 0.01 < on.mean() < 0.5
    np.testing.assert_array_equal(raw.depth[10][on], person_m[on])


def test_ntu_reads_a_reduced_color_video(tmp_path: Path) -> None:
    depth = write_depth(tmp_path / NAME, 3)
    write_video(tmp_path / f"{NAME}_rgb.avi", 3, (480, 270))
    recording = open_recording(depth)
    assert recording.color is not None
    assert recording.color_projection is not None
    assert recording.color[2].shape == (270, 480, 3)
    corner, middle = np.float32([0, 0, 2.0]), COLOR_PROJECTION
    full, small = project_color(corner, middle), project_color(corner, recording.color_projection)
    np.testing.assert_allclose((small + 0.5) * 4, full + 0.5, atol=1e-3)


def test_ntu_finds_the_other_parts_of_a_bare_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_depth(tmp_path / "nturgb+d_depth" / NAME, 3)
    skeleton = write_skeleton(tmp_path, one_person(3))
    monkeypatch.chdir(skeleton.parent)
    assert open_recording(skeleton.name).has_depth
