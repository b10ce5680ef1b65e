"""What docs/recordings.md says of each source, tried on a file of that source."""

import re
from pathlib import Path

import pytest

from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.store.schema import StoreMeta
from skelflow.errors import DataError, FormatError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.recognizer import Recognizer
from skelflow.models.registry import create_model
from skelflow.recordings import open_recording, readers
from skelflow.skeleton.layouts import find_layout
from tests import tiny_folder, tiny_ntu
from tests.conftest import REPOSITORY
from tests.recordings.test_import import written

PAGE = (REPOSITORY / "docs" / "recordings.md").read_text(encoding="utf-8")
HEAD = "| reader | calibrated by | joints | flow | predict |"
ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in PAGE.partition(HEAD)[2].partition("\n\n")[0].splitlines()[2:]
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}
FOCAL = {
    "folder": 60,
    "stack": 60,
    "ros": 50,
    "azure_kinect": 256,
    "tum": 525,
    "nw_ucla": 571.26,
    "msr_action3d": 285.63,
}


def recording_of(kind: str, folder: Path) -> Path:
    if kind == "folder":
        tiny_folder.write_recording(folder)
        return folder
    if kind == "ntu":
        skeleton = tiny_ntu.write_skeleton(folder, tiny_ntu.one_person())
        tiny_ntu.write_depth(folder / "nturgb+d_depth" / tiny_ntu.NAME, 20)
        return skeleton
    return written(kind, folder)


def recognizer(name: str, layout: str | None) -> Recognizer:
    """A small network that was not trained."""
    flow = FlowSettings(
        crop=(40, 32), size=(20, 16), stride=3, preset="fast", region="crop", range_m=0.1
    )
    joints = 20 if layout is None else len(find_layout(layout))
    network = create_model(name, classes=2, width=0.05, crop=16, frames=12, joints=joints).eval()
    meta = StoreMeta(source="", layout=layout, flow=flow)
    return Recognizer(Checkpoint(Path(name), network, meta, (1, 2), "odd-subjects", (), 4, "cut"))


def test_sources_table_has_a_row_for_every_reader() -> None:
    assert set(ROWS) == {reader.name for reader in readers()}


def test_what_no_reader_knows_is_answered_by_what_each_expects(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text("1 2 3")
    with pytest.raises(FormatError, match=r"recognizes; expected one of: a \.mkv file") as caught:
        open_recording(tmp_path / "a.dat")
    assert str(caught.value).count("; ") == len(ROWS)
    assert all(f"({name})" in str(caught.value) for name in ROWS)


@pytest.mark.parametrize("kind", ROWS)
def test_source_gives_what_its_row_says(kind: str, tmp_path: Path) -> None:
    _, joints, flow, predict = ROWS[kind]
    path = recording_of(kind, tmp_path / "source")
    recording = open_recording(path)
    assert recording.source == kind
    assert (recording.skeleton is not None) == (joints in ("yes", "where recorded"))
    assert recording.has_depth == (flow == "yes")
    if kind in FOCAL:
        assert recording.camera.fx == pytest.approx(FOCAL[kind])
    networks = re.findall(r"flow|skeleton", predict)
    assert networks == ["flow"] * (flow == "yes") + ["skeleton"] * (recording.skeleton is not None)
    if flow == "yes":
        assert len(recognizer("c3d", None).recognize(recording).predictions) == 2
    else:
        with pytest.raises(DataError, match="no depth images, and flow needs them"):
            recognizer("c3d", None).recognize(recording)
    if recording.skeleton is not None:
        result = recognizer("gcn", recording.skeleton.layout).recognize(recording)
        assert len(result.predictions) == 2
