"""Data sets of one's own: one module brings reader, joints, protocols and action names."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skelflow import recordings
from skelflow.datasets import catalog
from skelflow.datasets.catalog import DataSet, data_sets, find_data_set, register_data_set
from skelflow.datasets.protocols import ODD_SUBJECTS, Protocol
from skelflow.errors import ConfigError
from skelflow.recordings import Reader, find_recordings, open_recording, register_reader
from skelflow.skeleton import layouts
from skelflow.skeleton.layouts import Layout, find_layout
from skelflow.types import Camera, Depth, Frames, Labels, Recording

ARM = Layout.from_names("arm", root="elbow", joints="elbow hand", bones="elbow-hand")

PLUGIN = """
from skelflow.datasets.catalog import DataSet, register_data_set
from skelflow.recordings import Reader
from skelflow.skeleton.layouts import Layout

reader = Reader("plugged", "nothing", lambda path: False, None, lambda folder: iter(()))
arm = Layout.from_names("plugged_arm", root="elbow", joints="elbow hand", bones="elbow-hand")
register_data_set(DataSet("plugged", reader, arm, action_names={1: "wave"}))
"""


def read_mine(path: Path) -> Recording:
    def decode(_: int) -> Depth:
        raise NotImplementedError

    camera = Camera.from_fov(4, 3, 60.0)
    return Recording(path.stem, path, camera, 30.0, Frames(3, decode), labels=Labels(action=1))


def find_mine(folder: Path) -> Iterator[Path]:
    return folder.rglob("*.mine")


MINE = Reader(
    "mine", "*.mine", lambda p: p.suffix == ".mine", read_mine, lambda f: f.rglob("*.mine")
)


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    for module in (catalog, recordings, layouts):
        monkeypatch.setattr(module, "_registered", dict(module._registered))


def test_one_call_makes_reader_layout_protocols_and_names_known(tmp_path: Path) -> None:
    (tmp_path / "wave.mine").touch()
    first_ten = Protocol("first-ten", "subject", range(1, 11))
    register_data_set(DataSet("mine", MINE, ARM, (first_ten,), {1: "wave"}))
    (path,) = find_recordings(tmp_path)
    found = find_data_set(open_recording(path).source)
    assert found.protocol() is first_ten
    assert found.action_names == {1: "wave"}
    assert find_layout("arm") is ARM
    assert data_sets()[-1] is found


def test_a_reader_alone_divides_by_odd_subjects(tmp_path: Path) -> None:
    register_reader(MINE)
    (tmp_path / "wave.mine").touch()
    assert open_recording(tmp_path / "wave.mine").source == "mine"
    assert find_data_set("mine").protocol() is ODD_SUBJECTS


def test_registering_twice_is_harmless_and_names_are_taken_once() -> None:
    mine = DataSet("mine", MINE, ARM)
    register_data_set(mine)
    register_data_set(mine)
    with pytest.raises(ConfigError, match="data set named 'ntu' is already there"):
        register_data_set(DataSet("ntu"))
    other = Reader("mine", "*.other", lambda _: False, read_mine, find_mine)
    with pytest.raises(ConfigError, match="reader named 'mine' is already there"):
        register_reader(other)
    with pytest.raises(ConfigError, match="joint layout named 'kinect_v1' is already there"):
        layouts.register_layout(Layout("kinect_v1", (), (), (), 0))


def test_a_data_set_has_the_name_of_its_reader_and_a_protocol() -> None:
    with pytest.raises(ConfigError, match="'yours' is read by a reader named 'mine'"):
        DataSet("yours", MINE)
    with pytest.raises(ConfigError, match="'mine' has no protocol"):
        DataSet("mine", MINE, protocols=())


@pytest.mark.parametrize("source", ["ntu", "utd_mhad", "folder"])
def test_built_in_data_sets_declare_their_reader(source: str) -> None:
    reader = find_data_set(source).reader
    assert reader in recordings.readers()


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A folder with an installed package that is a plugin."""
    (tmp_path / "my_data_set.py").write_text(PLUGIN)
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[skelflow.plugins]\nmine = my_data_set\n")
    return tmp_path


@pytest.mark.parametrize(
    "ask",
    [
        "from skelflow.recordings import readers; print([r.name for r in readers()])",
        "from skelflow.datasets.catalog import find_data_set; print(find_data_set('plugged'))",
        "from skelflow.skeleton.layouts import find_layout; print(find_layout('plugged_arm'))",
    ],
)
def test_plugins_are_loaded_when_somebody_asks(plugin: Path, ask: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(plugin)!r}); {ask}"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "plugged" in said.stdout
