"""Joints of another tracker, described in recording.toml: read, refused, and taken by networks."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import DataLoader

from skelflow.datasets.store.store import Store
from skelflow.errors import FormatError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.recordings import open_recording
from skelflow.skeleton import layouts as layouts_module
from skelflow.skeleton.layouts import BUILT_IN, find_layout
from skelflow.training.recipe import resolve
from skelflow.training.setup import make_network, make_split
from tests.tiny_folder import write_recording
from tests.tiny_store import make_tiny_store

OWN = """
[skeleton]
joints = ["hip", "head", "left_hand", "right_hand"]
bones = [["hip", "head"], ["hip", "left_hand"], [0, 3]]
root = "hip"
"""
CLIPS: dict[str, Any] = {"width": 0.02, "crop": 16, "clip_length": 8, "frames": 25}
SMALL = {"gcn": {"width": 0.1, "frames": 25}, "c3d_at1": {**CLIPS}}
SMALL["c3d_at1"].pop("frames")


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_layouts(monkeypatch)


def forget_layouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has opened nothing yet."""
    known = {layout.name: layout for layout in BUILT_IN}
    monkeypatch.setattr(layouts_module, "_registered", known)


def write_own(folder: Path, table: str, joints: list[str], *, subject: int = 1) -> Path:
    """A recording whose joints stand in a row and move."""
    write_recording(folder, frames=3, subject=subject)
    with (folder / "recording.toml").open("a") as stream:
        stream.write(table)
    lines = ["frame,body,joint,x_m,y_m,z_m"]
    for t in range(3):
        for i, joint in enumerate(joints):
            lines.append(f"{t},0,{joint},{0.02 * i + 0.004 * subject * t:.3f},0.1,1.5")
    (folder / "skeleton.csv").write_text("\n".join(lines) + "\n")
    return folder


def layout_of(folder: Path) -> layouts_module.Layout:
    skeleton = open_recording(folder).skeleton
    assert skeleton is not None
    return find_layout(skeleton.layout)


FOUR = ["hip", "head", "left_hand", "right_hand"]


def test_own_joints_are_read(tmp_path: Path) -> None:
    layout = layout_of(write_own(tmp_path / "r", OWN, FOUR))
    assert layout.joints == tuple(FOUR)
    assert layout.bones == ((0, 1), (0, 2), (0, 3))
    assert layout.mirror == (0, 1, 3, 2)
    assert layout.root == 0


def test_own_joints_have_one_name_when_they_are_the_same(tmp_path: Path) -> None:
    first = layout_of(write_own(tmp_path / "a", OWN, FOUR))
    assert layout_of(write_own(tmp_path / "b", OWN, FOUR)) == first
    other = OWN.replace('root = "hip"', 'root = "head"')
    assert layout_of(write_own(tmp_path / "c", other, FOUR)).name != first.name


def test_own_joints_may_be_named_and_mirrored_by_hand(tmp_path: Path) -> None:
    table = OWN + 'mirror = [["hip", "head"]]\nlayout = "four"\n'
    layout = layout_of(write_own(tmp_path / "r", table, FOUR))
    assert (layout.name, layout.mirror) == ("four", (1, 0, 2, 3))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('root = "hip"', "", "root is missing beside joints"),
        ('root = "hip"', 'root = "hpi"', "root: 'hpi' is none of the joints; did you mean 'hip'"),
        ('root = "hip"', "root = 4", "root: 4 is none of the joints; 0..3"),
        ('["hip", "head", ', '["hip", "hip", ', "joints names 'hip' twice"),
        ("[0, 3]", "[0, 3, 1]", r"bones holds \[0, 3, 1\], expected pairs"),
        ("[0, 3]", "[0, true]", "bones: True is none of the joints"),
        ('root = "hip"', "root = 0\nmirror = [[0, 1], [1, 2]]", "pairs 'head' with two joints"),
        ('root = "hip"', 'root = 0\nlayout = "kinect_v1"', "'kinect_v1' is already there"),
        ("joints =", "jonts =", "unknown key in .skeleton.: 'jonts'.*'joints'"),
        (OWN.splitlines()[2], "", "bones needs joints"),
    ],
)
def test_own_joints_fail_when_the_table_is_wrong(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in OWN
    folder = write_own(tmp_path / "r", OWN.replace(old, new), FOUR)
    with pytest.raises(FormatError, match=rf"recording\.toml: .*{message}"):
        open_recording(folder)


def test_store_describes_joints_that_are_not_skelflows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = layout_of(write_own(tmp_path / "r", OWN, FOUR))
    make_tiny_store(tmp_path / "s.zarr", layout=layout.name, subjects=(1,))
    forget_layouts(monkeypatch)
    meta = Store.open(tmp_path / "s.zarr").meta
    assert find_layout(str(meta.layout)) == layout
    kinect = replace(meta, layout="kinect_v1")
    assert "joints" not in kinect.to_json()
    assert any(line.startswith("layout:") for line in meta.differences(kinect))


@pytest.mark.parametrize(
    ("network", "joints"), [("c3d_at1", 15), ("c3d_at2", 17), ("gcn", 33), ("fused", 15)]
)
def test_networks_take_any_number_of_joints(network: str, joints: int, tmp_path: Path) -> None:
    names = [f"j{i}" for i in range(joints)]
    bones = [[a, b] for a, b in pairwise(names)]
    table = f"\n[skeleton]\njoints = {names}\nbones = {bones}\nroot = 2\n"
    layout = layout_of(write_own(tmp_path / "r", table, names))
    store = make_tiny_store(tmp_path / "s.zarr", layout=layout.name, subjects=(1, 3, 2))
    config = resolve({"model": {"name": network, **SMALL.get(network, CLIPS)}})
    made = make_network(config, store, make_split(config, store)).eval()
    trained = Checkpoint(tmp_path, made, store.meta, (1, 2), "cross-subject", (), 4, "cut")
    batch = next(iter(DataLoader(trained.samples(store, store.names()), batch_size=2)))
    assert made.config.sequence is None or made.config.sequence.joints == joints
    assert made(batch).isfinite().all()
