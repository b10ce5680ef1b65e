"""Recordings of every source as folders of one's own, and back."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.errors import DataError, FormatError
from skelflow.recordings import find_recordings, open_recording
from skelflow.recordings.folder.writer import write_folder
from skelflow.types import Frames, Recording
from tests import tiny_folder, tiny_ntu
from tests.cli.test_commands import run
from tests.recordings import (
    test_azure_kinect,
    test_msr_action3d,
    test_nw_ucla,
    test_pyskl,
    test_ros,
    test_tum,
)
from tests.tiny_utd import write_recording


def agree(one: Recording, other: Recording) -> None:
    """Same frames, camera, joints and labels; depth to half a millimeter."""
    assert (len(one), one.name, one.labels) == (len(other), other.name, other.labels)
    assert one.frame_rate_hz == pytest.approx(other.frame_rate_hz)
    assert (one.has_depth, one.mirrored) == (other.has_depth, other.mirrored)
    assert (one.camera.fx, one.camera.cy) == pytest.approx((other.camera.fx, other.camera.cy))
    if one.has_depth:
        np.testing.assert_allclose(one.depth[-1], other.depth[-1], atol=0.0005)
    assert (one.skeleton is None) == (other.skeleton is None)
    if one.skeleton is not None and other.skeleton is not None:
        assert one.skeleton.layout == other.skeleton.layout
        np.testing.assert_array_equal(one.skeleton.joints_m, other.skeleton.joints_m)
        np.testing.assert_allclose(one.skeleton.joints_px, other.skeleton.joints_px, rtol=1e-5)


def written(kind: str, folder: Path) -> Path:
    """A recording of each source, in its own format."""
    folder.mkdir()
    if kind == "utd_mhad":
        return write_recording(folder, action=2, subject=3)
    if kind == "msr_action3d":
        return test_msr_action3d.write(folder)
    if kind == "nw_ucla":
        return test_nw_ucla.write(folder, "a03_s02_e00_v01")  # a repetition of 0 is a number
    if kind == "pyskl":
        return test_pyskl.write(folder / "ntu.pkl") / test_pyskl.NAME
    if kind == "azure_kinect":
        return test_azure_kinect.write(folder / "wave.mkv")
    if kind == "ros":
        return test_ros.write(folder / "a.bag", ros1=True)
    if kind == "tum":
        return test_tum.write_tum(folder / "desk")
    return test_tum.write_stack(folder / "a.npz")


@pytest.mark.parametrize(
    "kind",
    ["utd_mhad", "msr_action3d", "nw_ucla", "pyskl", "azure_kinect", "ros", "tum", "stack"],
)
def test_import_writes_a_folder_that_reads_the_same(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(kind, tmp_path / "source")
    before = open_recording(path)
    assert before.source == kind
    assert run("import", path, "--out", tmp_path / "out") == 0
    after = open_recording(tmp_path / "out")
    assert after.source == "folder"
    agree(after, before)
    said = capsys.readouterr().out
    assert ("infrared is left out" in said) == (before.infrared is not None)
    if before.color is not None:
        assert after.color is not None
        from skelflow.datasets.pairs import read_color

        np.testing.assert_array_equal(after.color[1], read_color(before, 1, before.depth[1]))


def test_import_of_many_makes_a_folder_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    for view in (1, 2):
        test_nw_ucla.write(source, f"a01_s01_e00_v0{view}")
    (source / "a01_s01_e00_v03.json").write_text("{")
    assert run("import", source, "--out", tmp_path / "out") == 2
    assert "1 of 3 recordings could not be imported" in capsys.readouterr().err
    assert [path.name for path in find_recordings(tmp_path / "out")] == [
        "a01_s01_e00_v01",
        "a01_s01_e00_v02",
    ]


def test_import_takes_the_topic_that_is_meant(tmp_path: Path) -> None:
    bag = test_ros.write(tmp_path / "a.bag", ros1=True, second_depth=True)
    assert run("import", bag, "--out", tmp_path / "out") == 2
    words = ("--depth-topic", test_ros.MM)
    assert run("import", bag, "--out", tmp_path / "out", *words) == 0
    assert len(open_recording(tmp_path / "out")) == 4
    file = test_nw_ucla.write(tmp_path)
    assert run("import", file, "--out", tmp_path / "other", *words) == 2


def test_import_leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    path = test_tum.write_tum(tmp_path / "desk")
    (path / "depth" / "2.png").write_bytes(b"")
    with pytest.raises(FormatError, match=r"2\.png"):
        write_folder(open_recording(path), tmp_path / "out")
    with pytest.raises(DataError, match=r"frame 1 reaches 1 m, and 16 bits of 1e-05 m end at"):
        write_folder(open_recording(path), tmp_path / "out", depth_scale=1e-5)
    assert [entry.name for entry in tmp_path.iterdir()] == ["desk"]
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="is already there"):
        write_folder(open_recording(path), tmp_path / "out")


def test_folder_of_a_skeleton_alone_says_what_it_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_folder(open_recording(test_nw_ucla.write(tmp_path)), folder)
    settings = folder / "recording.toml"
    text = settings.read_text()
    settings.write_text(text.replace("frames = 12\n", "").replace("depth_scale = 0.001\n", ""))
    assert len(open_recording(folder)) == 12  # as skeleton.csv has
    settings.write_text(text.replace("width = 640\n", "").replace("height = 480\n", ""))
    with pytest.raises(FormatError, match=r"a skeleton alone needs .*width and height"):
        open_recording(folder)
    settings.write_text(text.replace("width = 640\n", 'width = "wide"\n'))
    with pytest.raises(FormatError, match=r"\[camera\] width is 'wide', expected a number"):
        open_recording(folder)


def test_import_leaves_out_a_skeleton_without_joints_and_says_so(tmp_path: Path) -> None:
    before = open_recording(write_recording(tmp_path / "source", action=1, subject=1))
    assert before.skeleton is not None
    nobody = np.full_like(before.skeleton.joints_m, np.nan)
    before = replace(before, skeleton=replace(before.skeleton, joints_m=nobody), repairs=())
    assert write_folder(before, tmp_path / "out") == (
        "the skeleton is left out: it has no joint in any frame",
    )
    assert open_recording(tmp_path / "out").skeleton is None
    alone = replace(before, depth=Frames.absent(len(before), "no depth"))
    with pytest.raises(DataError, match="neither depth nor a joint"):
        write_folder(alone, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("name", "kept"), [("wave\U0001f600", ""), ('a\x7fb\n"\\', ""), ("wave\udc80", "wave?")]
)
def test_import_keeps_any_name(tmp_path: Path, name: str, kept: str) -> None:
    before = open_recording(test_nw_ucla.write(tmp_path))
    write_folder(replace(before, name=name), tmp_path / "out")
    assert open_recording(tmp_path / "out").name == (kept or name)


def test_import_says_that_color_without_depth_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tiny_ntu.write_skeleton(tmp_path, tiny_ntu.one_person(3))
    tiny_ntu.write_video(tmp_path / "nturgb+d_rgb" / f"{tiny_ntu.NAME}_rgb.avi", 3, (1920, 1080))
    assert open_recording(path).color is not None
    assert run("import", path, "--out", tmp_path / "out") == 0
    assert "color is left out: only depth says" in capsys.readouterr().out
    assert open_recording(tmp_path / "out").color is None


def test_import_of_many_writes_nothing_outside_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a" / "b" / "source"
    for i, name in enumerate(("../../outside", str(tmp_path / "absolute"), "inside")):
        tiny_folder.write_recording(source / f"r{i}")
        settings = source / f"r{i}" / "recording.toml"
        settings.write_text(settings.read_text().replace("]\n", f']\nname = "{name}"\n', 1))
    assert run("import", source, "--out", tmp_path / "a" / "b" / "out") == 2
    assert capsys.readouterr().out.count("must be a plain folder name") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert [path.name for path in (tmp_path / "a" / "b" / "out").iterdir()] == ["inside"]


def test_import_of_many_names_folders_so_that_every_system_takes_them(tmp_path: Path) -> None:
    for i, name in enumerate(("rec_12:30:00", "plain")):
        tiny_folder.write_recording(tmp_path / "source" / f"r{i}")
        settings = tmp_path / "source" / f"r{i}" / "recording.toml"
        settings.write_text(settings.read_text().replace("]\n", f']\nname = "{name}"\n', 1))
    assert run("import", tmp_path / "source", "--out", tmp_path / "out") == 0
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["plain", "rec_12_30_00"]
    assert open_recording(tmp_path / "out" / "rec_12_30_00").name == "rec_12:30:00"


def test_import_keeps_joints_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "arm").mkdir()
    (tmp_path / "arm" / "recording.toml").write_text(
        "[recording]\nframe_rate_hz = 30\ndepth_scale = 0.001\n"
        "[camera]\nfov_x_deg = 60\nwidth = 64\nheight = 48\n"
        f"[skeleton]\njoints = {json.dumps(['chest', 'left_hand', 'right_hand'])}\n"
        'bones = [["chest", "left_hand"], ["chest", "right_hand"]]\nroot = "chest"\n'
    )
    lines = ["frame,body,joint,x_m,y_m,z_m"]
    lines += [f"{t},0,{joint},0.{t},0.1,2.5" for t in range(3) for joint in range(3)]
    (tmp_path / "arm" / "skeleton.csv").write_text("\n".join(lines) + "\n")
    before = open_recording(tmp_path / "arm")
    write_folder(before, tmp_path / "out")
    agree(open_recording(tmp_path / "out"), before)
