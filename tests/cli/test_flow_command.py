"""`skelflow flow` as a user meets it: both forms, real data, Ctrl-C, and every wrong turn."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.datasets.flow_files.format import load_flow
from tests.cli.test_commands import run
from tests.tiny_flow import (
    STEP_M,
    color_image,
    depth_image,
    write_color,
    write_depth,
    write_recording,
)
from tests.tiny_utd import write_recording as write_utd
from tests.waiting import PATIENCE_S, wait_for


def write_pair(folder: Path, *, per_meter: int = 1000) -> list[Path]:
    """Two depth and two color images."""
    depths = [
        write_depth(folder / f"d{t}.png", depth_image(t), per_meter=per_meter) for t in (0, 1)
    ]
    return depths + [write_color(folder / f"c{t}.png", color_image(t)) for t in (0, 1)]


def test_flow_of_a_pair_finds_its_motion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    *depths, one, two = write_pair(tmp_path, per_meter=5000)
    out = tmp_path / "out"
    options = ("--color", one, two, "--depth-scale", "0.0002", "--camera", "60,60,31.5,23.5")
    assert run("flow", *depths, "--out", out, *options, "--preset", "paper") == 0
    said = capsys.readouterr()
    assert "d0.png to d1.png: 1 pair, preset paper, intensity color" in said.out
    assert "1 of 1 pair computed" in said.out
    names = sorted(file.name for file in out.iterdir())
    assert names == ["flow_000000.npz", "settings.json", "strip.png", "summary.json"]
    flow = load_flow(out / "flow_000000.npz")
    assert np.median(flow[12:36, 18:46, 2]) == pytest.approx(-STEP_M, abs=0.002)


def test_flow_of_a_recording_makes_files_film_strip_and_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("flow", write_recording(tmp_path / "wave"), "--out", out) == 0
    said = capsys.readouterr()
    assert "block: 4 pairs, preset fast, intensity color" in said.out
    assert "4 of 4 pairs computed" in said.out
    assert "strip.png, flow.mp4, summary.json" in said.out
    assert "solving" in said.err
    assert {file.name for file in out.iterdir()} == {
        *(f"flow_{t:06d}.npz" for t in range(4)),
        "settings.json",
        "summary.json",
        "strip.png",
        "flow.mp4",
    }
    summary = json.loads((out / "summary.json").read_text())
    assert 0 < summary["moving_share"] <= 1
    assert summary["largest_motion_mm"] > 1000 * STEP_M / 2
    assert "seconds" not in (out / "summary.json").read_text()


def test_flow_takes_every_option_of_a_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = write_recording(tmp_path / "wave", frames=9), tmp_path / "out"
    options = "--stride 2 --frames 2:8 --intensity none --preset corrected --float --range-m 0.05"
    assert run("flow", source, "--out", out, *options.split()) == 0
    assert "3 pairs, preset corrected, intensity none" in capsys.readouterr().out
    assert [int(f.stem[5:]) for f in sorted(out.glob("*.npz"))] == [2, 4, 6]
    with np.load(out / "flow_000002.npz") as content:
        assert content["flow"].dtype == np.float32
    assert json.loads((out / "summary.json").read_text())["full_color_m"] == 0.05


def test_flow_reads_utd_mhad_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_utd(tmp_path, action=2, subject=1)
    options = "--frames", "0:3", "--preset", "paper"
    assert run("flow", path, "--out", tmp_path / "out", *options) == 0
    assert "a2_s1_t1: 2 pairs, preset paper, intensity none" in capsys.readouterr().out


def test_flow_does_only_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "flow", write_recording(tmp_path / "wave"), "--out", tmp_path / "out"
    assert run(*words) == 0
    before = {f: (f.stat().st_mtime_ns, f.read_bytes()) for f in (tmp_path / "out").iterdir()}
    assert run(*words) == 0
    assert "0 of 4 pairs computed, 4 there before" in capsys.readouterr().out
    after = {f: (f.stat().st_mtime_ns, f.read_bytes()) for f in (tmp_path / "out").iterdir()}
    assert after == before
    (tmp_path / "out" / "flow_000002.npz").unlink()
    assert run(*words) == 0
    assert "1 of 4 pairs computed, 3 there before" in capsys.readouterr().out
    again = {f: f.read_bytes() for f in (tmp_path / "out").iterdir()}
    assert again == {f: content for f, (_, content) in before.items()}


def test_flow_stopped_by_ctrl_c_goes_on_with_the_same_command(tmp_path: Path) -> None:
    source, out = write_recording(tmp_path / "wave", frames=400), tmp_path / "out"
    start = "import sys; from skelflow.cli import main; main()"
    words = [sys.executable, "-c", start, "flow", str(source), "--out", str(out)]
    running = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(list(out.glob("flow_*.npz"))) >= 3)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130
    assert said.splitlines()[-1] == "skelflow: stopped; the same command goes on where it was"
    done = sorted(out.glob("flow_*.npz"))
    assert 3 <= len(done) < 399
    assert {f.suffix for f in out.iterdir()} == {".npz", ".json"}
    assert not list(out.glob(".*"))
    for file in done:
        assert load_flow(file).shape == (48, 64, 3)
    assert run("flow", source, "--out", out, "--frames", f"0:{len(done) + 3}") == 0
    assert len(list(out.glob("flow_*.npz"))) == len(done) + 2


def test_flow_of_another_configuration_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "flow", write_recording(tmp_path / "wave"), "--out", tmp_path / "out"
    assert run(*words, "--preset", "paper") == 0
    capsys.readouterr()
    assert run(*words, "--preset", "corrected", "--intensity", "none") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "preset 'paper' there, 'corrected' now; intensity 'color' there, 'none' now" in said.err
    assert "choose another folder" in said.err


def _no_such_file(folder: Path) -> tuple[object, ...]:
    return folder / "a.png", folder / "b.png"


def _no_such_recording(folder: Path) -> tuple[object, ...]:
    return (folder / "nothing",)


def _folder_without_a_recording(folder: Path) -> tuple[object, ...]:
    folder.mkdir(exist_ok=True)
    return (folder,)


def _eight_bits(folder: Path) -> tuple[object, ...]:
    _, _, one, two = write_pair(folder)
    return one, two


def _wrong_scale(folder: Path) -> tuple[object, ...]:
    one, two, *_ = write_pair(folder)
    return one, two, "--depth-scale", "0.01"


def _color_of_another_size(folder: Path) -> tuple[object, ...]:
    one, two, *_ = write_pair(folder)
    large = write_color(folder / "large.png", np.zeros((96, 128, 3), np.uint8))
    return one, two, "--color", large, large


def _second_of_another_size(folder: Path) -> tuple[object, ...]:
    one, *_ = write_pair(folder)
    return one, write_depth(folder / "small.png", depth_image(1)[:-1])


def _single_image(folder: Path) -> tuple[object, ...]:
    return (write_pair(folder)[0],)


def _one_frame(folder: Path) -> tuple[object, ...]:
    return (write_recording(folder / "short", frames=1),)


def _unknown_preset(folder: Path) -> tuple[object, ...]:
    return write_recording(folder / "r"), "--preset", "papr"


def _bad_frames(folder: Path) -> tuple[object, ...]:
    return write_recording(folder / "r"), "--frames", "3-9"


def _frames_beyond_the_end(folder: Path) -> tuple[object, ...]:
    return write_recording(folder / "r"), "--frames", "2:9"


def _bad_camera(folder: Path) -> tuple[object, ...]:
    one, two, *_ = write_pair(folder)
    return one, two, "--camera", "60,60"


def _camera_of_a_recording(folder: Path) -> tuple[object, ...]:
    return write_recording(folder / "r"), "--fov", "60"


def _no_infrared(folder: Path) -> tuple[object, ...]:
    return write_recording(folder / "r"), "--intensity", "infrared"


def _bad_range(folder: Path) -> tuple[object, ...]:
    return write_recording(folder / "r"), "--range-m", "0"


def _recording_and_image(folder: Path) -> tuple[object, ...]:
    return write_recording(folder / "r"), write_pair(folder)[1]


WRONG = {
    _no_such_file: r"a\.png: cannot be read \(does not exist\)",
    _no_such_recording: r"nothing does not exist; expected one of",
    _folder_without_a_recording: r"is no recording that a reader recognizes",
    _eight_bits: r"c0\.png: 8-bit PNG .* export it again with 16 bits",
    _wrong_scale: r"d0\.png: with --depth-scale 0\.01 .* millimeters.*--depth-scale 0\.001",
    _color_of_another_size: r"large\.png: 128x96 pixels.*register_color",
    _second_of_another_size: r"small\.png: 64x47 pixels, .*d0\.png has 64x48",
    _single_image: r"d0\.png is one image; flow needs the depth image after it",
    _one_frame: r"short: 1 frame; flow needs at least 2",
    _unknown_preset: r"unknown preset 'papr'.*did you mean 'paper'",
    _bad_frames: r"--frames: expected START:STOP such as 10:40, found '3-9'",
    _frames_beyond_the_end: r"frames 2:9 asked for, it has 5 \(0:5\)",
    _bad_camera: r"--camera: expected FX,FY,CX,CY in pixels, found '60,60'",
    _camera_of_a_recording: r"--fov goes with two depth images",
    _no_infrared: r"none infrared frames, 5 depth frames",
    _bad_range: r"range_m: found 0.0, expected positive",
    _recording_and_image: r"r is a folder; two paths are two depth images",
}


@pytest.mark.parametrize("make", WRONG, ids=lambda make: make.__name__[1:])
def test_flow_answers_wrong_input_with_one_line_and_code_2(
    make: Callable[..., list[str | Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = make(tmp_path / "data")
    before = sorted(tmp_path.rglob("*"))
    assert run("flow", *words, "--out", tmp_path / "out") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("skelflow: ")
    assert re.search(WRONG[make], said.err), said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_flow_names_a_folder_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    source = write_recording(tmp_path / "wave")
    assert run("flow", source, "--out", tmp_path / "file" / "below") == 2
    assert "below: cannot be written (Not a directory)" in capsys.readouterr().err


def test_flow_help_shows_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("flow", "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "skelflow flow UTD_MHAD/depth/a1_s1_t1_depth.mat --out" in text
    assert "skelflow flow depth0.png depth1.png --color color0.png color1.png --out" in text


def test_flow_of_a_real_pair_is_refused_in_millimeters_and_right_in_its_own_unit(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("pair1", "pair2"):
        folder = data_dir / "scene_flow" / name
        small = []
        for t in (0, 1):
            depth = cv2.imread(str(folder / f"depth{t}.png"), cv2.IMREAD_UNCHANGED)
            small.append(tmp_path / f"{name}_{t}.png")
            cv2.imwrite(str(small[-1]), depth[::4, ::4])
        assert run("flow", *small, "--out", tmp_path / name) == 2
        assert "5000ths of a meter (TUM)" in capsys.readouterr().err
        assert run("flow", *small, "--out", tmp_path / name, "--depth-scale", "0.0002") == 0


def test_flow_of_a_real_recording_moves_the_arm_that_waves(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "utd_mhad" / "depth" / "a1_s1_t1_depth.mat"
    assert run("flow", path, "--out", tmp_path, "--frames", "12:16", "--preset", "paper") == 0
    flow = load_flow(tmp_path / "flow_000013.npz")
    fast = np.linalg.norm(flow, axis=-1) > 0.03
    rows, columns = np.nonzero(fast)
    assert fast.any()
    assert rows.mean() < 170  # the forearm, not the feet
    assert columns.mean() > 165  # at the person's left


def test_flow_reads_real_ntu_depth(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = data_dir / "ntu" / "depth" / "masked_S001C001P001R001A058"
    assert run("flow", source, "--out", tmp_path, "--frames", "30:32", "--preset", "paper") == 0
    assert "1 pair, preset paper, intensity none" in capsys.readouterr().out
    assert load_flow(tmp_path / "flow_000030.npz").shape == (424, 512, 3)
