"""What every command takes, and what is read to describe many recordings."""

import json
import logging
from pathlib import Path

import pytest

from skelflow.cli.app import app
from skelflow.cli.progress import bar
from skelflow.cli.verbosity import is_quiet, speaking
from skelflow.datasets.inspect.scan import scan_recordings
from skelflow.errors import FormatError
from skelflow.recordings import find_recordings, open_recording, utd_mhad
from tests.cli.test_commands import run
from tests.tiny_utd import write_data_set


def test_quiet_shows_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with speaking("quiet"), bar("solving") as progress:
        progress(1, 2, "half")
        assert is_quiet()
    assert capsys.readouterr().err == ""
    assert not is_quiet()


def test_verbose_shows_what_the_library_logs(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("skelflow.some.part")
    with speaking("verbose"):
        log.info("on the way")
    log.info("no more")
    assert capsys.readouterr().err == "some.part: on the way\n"


@pytest.mark.parametrize("words", [("--quiet", "info", "nowhere"), ("info", "nowhere", "-q")])
def test_options_of_every_command_stand_anywhere(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    assert capsys.readouterr().err == (
        "skelflow: nowhere does not exist; expected one of the recordings of docs/recordings.md\n"
    )


def test_verbose_says_where_a_mistake_came_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", "nowhere", "--verbose") == 2
    said = capsys.readouterr().err
    assert "open_recording" in said
    assert said.splitlines()[-1].startswith("skelflow: nowhere does not exist")


def test_quiet_and_verbose_contradict_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("protocols", "--quiet", "--verbose") == 2
    assert "expected one of both" in capsys.readouterr().err


def test_help_of_a_command_has_the_options_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", "--help") == 0
    said = capsys.readouterr().out
    assert "--quiet" in said
    assert "--empty-recordings" not in said


def test_shells_can_complete_commands() -> None:
    script = app.generate_completion(shell="bash")
    assert "predict" in script
    assert "--recordings" in script


def test_recipes_say_that_nothing_matches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("recipes", "zz*") == 0
    assert "no recipe matches 'zz*'" in capsys.readouterr().out


def test_info_speaks_json_of_one_recording_and_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data_set(tmp_path / "data")
    assert run("info", data / "depth" / "a2_s4_t1_depth.mat", "--json") == 0
    one = json.loads(capsys.readouterr().out)["recording"]
    assert (one["frames"], one["labels"]["action"], one["skeleton"]["joints"]) == (7, 2, 20)
    assert run("info", data, "--json") == 0
    many = json.loads(capsys.readouterr().out)["opened"]
    assert (many["open"], many["frames"], many["checked"]) == (8, 56, False)


def test_info_fails_when_no_recording_of_a_folder_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "a" / "recording.toml").write_text("layout = [1]\n")
    assert run("info", tmp_path / "in") == 2
    out, err = capsys.readouterr()
    assert "1 of folder: 0 open" in out
    assert err.splitlines()[-1].startswith("skelflow: none of the recordings in ")


def test_info_on_a_folder_decodes_no_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Path] = []
    load = utd_mhad._load_depth_mm

    def noted(file: Path) -> object:
        decoded.append(file)
        return load(file)

    monkeypatch.setattr(utd_mhad, "_load_depth_mm", noted)
    paths = find_recordings(write_data_set(tmp_path / "data"))
    assert scan_recordings(paths, check=False).frames == 56
    assert decoded == []
    assert scan_recordings(paths, check=True).frames == 56
    assert len(decoded) == len(paths)


def test_message_of_an_unknown_file_names_what_has_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "wave.mat"
    path.write_bytes(b"x")
    with pytest.raises(FormatError) as refused:
        open_recording(path)
    assert "utd_mhad" in str(refused.value)
    assert "nw_ucla" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "message"), [("/dev/video9", "Recognizer.stream"), ("realsense", "is the camera")]
)
def test_live_says_how_a_camera_is_used(
    source: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("live", source) == 2
    assert message in capsys.readouterr().err
