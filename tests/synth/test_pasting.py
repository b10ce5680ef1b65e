"""Recorded people before synthetic rooms: the person stays, the room stands right and moves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelflow.errors import ConfigError, DataError
from skelflow.recordings import find_recordings, open_recording
from skelflow.recordings.folder.writer import write_folder
from skelflow.synth.pasting.backdrop import Backdrop, build_backdrop
from skelflow.synth.pasting.paste import compose, paste
from skelflow.synth.pasting.paste_folder import SETTINGS, paste_recordings
from skelflow.synth.pasting.stance import Stance, find_stance
from skelflow.types import Camera, Frames, Recording
from tests import tiny_utd
from tests.cli.test_commands import run

CAMERA = Camera(80, 60, 65.0, 65.0, 40.0, 30.0)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of UTD-MHAD."""
    folder = tmp_path_factory.mktemp("utd")
    tiny_utd.write_recording(folder, action=1, subject=1)
    tiny_utd.write_recording(folder, action=2, subject=2)
    return folder


@pytest.fixture(scope="module")
def rooms(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in rooms."""
    out = tmp_path_factory.mktemp("rooms") / "out"
    paste_recordings(find_recordings(source), out)
    return out


def person(away_m: float = 2.5, lowest: int = 50, path: str = "wave") -> Recording:
    """Somebody whose feet are in row `lowest`, seen by a small camera."""
    depth = np.zeros((60, 80), np.float32)
    depth[15 : lowest + 1, 34:46] = away_m
    return Recording(path, Path(path), CAMERA, 30.0, Frames(3, lambda _: depth))


def content(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name[0] != "."
    }


def seeded(use: str) -> np.random.Generator:
    return np.random.default_rng(sum(use.encode()))


def test_paste_keeps_the_person_and_fills_the_rest(source: Path, rooms: Path) -> None:
    for path in find_recordings(source):
        alone, pasted = open_recording(path), open_recording(rooms / "depth" / path.name)
        assert pasted.source == "utd_mhad"
        assert (pasted.name, pasted.labels, pasted.camera) == (
            alone.name,
            alone.labels,
            alone.camera,
        )
        np.testing.assert_array_equal(pasted.skeleton.joints_m, alone.skeleton.joints_m)
        before, after = np.stack(list(alone.depth)), np.stack(list(pasted.depth))
        hidden = (before > 0) & (after != before)
        assert not hidden.any()
        assert (after > 0).mean() > 0.95
        behind = after[(before == 0) & (after > 0)]
        assert np.median(behind) > before.max() + 1


def test_paste_bytes_do_not_depend_on_workers_or_order(
    source: Path, rooms: Path, tmp_path: Path
) -> None:
    paths = find_recordings(source)
    report = paste_recordings(paths[::-1], tmp_path / "out", workers=2)
    assert (report.made, report.there, report.failed) == (2, 0, ())
    assert content(tmp_path / "out") == content(rooms)
    other = paste(open_recording(paths[0]), seed=1).depth[0]
    assert (other != open_recording(rooms / "depth" / paths[0].name).depth[0]).mean() > 0.2


def test_paste_goes_on_where_it_was_stopped(source: Path, rooms: Path, tmp_path: Path) -> None:
    out, paths = tmp_path / "out", find_recordings(source)
    paste_recordings(paths, out)
    (out / "depth" / paths[1].name).unlink()
    (out / "depth" / ".partial-left").write_bytes(b"half")
    report = paste_recordings(paths, out)
    assert (report.made, report.there) == (1, 1)
    assert content(out) == content(rooms)
    assert not (out / "depth" / ".partial-left").exists()
    with pytest.raises(ConfigError, match="seed 0 there, 3 now"):
        paste_recordings(paths, out, seed=3)


def test_paste_leaves_out_and_names_what_it_cannot_paste(source: Path, tmp_path: Path) -> None:
    broken = tmp_path / "in" / "a1_s3_t1_depth.mat"
    broken.parent.mkdir()
    broken.write_bytes(b"none")
    good = find_recordings(source)[0]
    report = paste_recordings([broken, good], tmp_path / "out")
    assert report.made == 1
    assert [path for path, _ in report.failed] == [broken]
    assert "a1_s3_t1_depth.mat" in report.to_text()
    assert not list((tmp_path / "out").rglob("a1_s3*"))
    with pytest.raises(DataError, match=r"none of 1 recording could be pasted; the first: .*a1_s3"):
        paste_recordings([broken], tmp_path / "none")


def test_paste_refuses_two_recordings_of_one_name(source: Path, tmp_path: Path) -> None:
    path = find_recordings(source)[0]
    with pytest.raises(ConfigError, match="would both become"):
        paste_recordings([path, path], tmp_path / "out")


def test_paste_names_a_recording_by_its_folder_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(person(), tmp_path / "in" / "wave")
    monkeypatch.chdir(tmp_path / "in" / "wave")
    report = paste_recordings(find_recordings("."), tmp_path / "out")
    assert (report.made, report.there) == (1, 0)
    assert find_recordings(tmp_path / "out") == [tmp_path / "out" / "wave"]


def test_paste_refuses_another_recording_of_a_name_that_is_there(tmp_path: Path) -> None:
    longer = replace(person(), depth=Frames(4, lambda _: person().depth[0]), skeleton=None)
    for folder, recording in (("one", person()), ("other", longer)):
        write_folder(recording, tmp_path / folder / "wave")
    out = tmp_path / "out"
    paste_recordings([tmp_path / "one" / "wave"], out)
    with pytest.raises(ConfigError, match=r"another recording than .*other.wave"):
        paste_recordings([tmp_path / "other" / "wave"], out)
    assert paste_recordings([tmp_path / "one" / "wave"], out).there == 1


def test_paste_writes_other_sources_as_folders(tmp_path: Path) -> None:
    labels = replace(person().labels, action=4, subject=7)
    write_folder(replace(person(), labels=labels), tmp_path / "in" / "wave")
    out = tmp_path / "out"
    paste_recordings([tmp_path / "in" / "wave"], out, action_names={4: "wave"})
    pasted = open_recording(out / "wave")
    assert (pasted.labels, pasted.camera) == (labels, CAMERA)
    assert (out / "actions.txt").read_text() == "4: wave\n"
    np.testing.assert_array_equal(pasted.depth[0][20:40, 36:44], np.float32(2.5))


def test_stance_puts_the_floor_below_the_feet() -> None:
    stance = find_stance(person(lowest=50))
    assert stance.height_m == pytest.approx((50 - 30) / 65 * 2.5, abs=0.03)
    assert stance.away_m == pytest.approx(2.5)
    backdrop = build_backdrop(
        stance, CAMERA, frames=3, frame_rate_hz=30.0, random=seeded, distractors=False
    )
    room_m = backdrop.room_m(0)
    assert room_m[50, 40] == pytest.approx(2.5, abs=0.1)  # the floor meets the feet
    assert room_m[20:40, 30:50].min() > 4.5  # behind is the wall


def test_stance_keeps_the_wall_behind_who_walks_back() -> None:
    near, far = person(2.0).depth[0], person(4.5, lowest=45).depth[0]
    frames = Frames(5, lambda t: far if t == 4 else near)
    stance = find_stance(replace(person(), depth=frames))
    room_m = build_backdrop(
        stance, CAMERA, frames=5, frame_rate_hz=30.0, random=seeded, distractors=False
    ).room_m(0)
    assert room_m[20:30, 30:50].min() > 4.5


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (replace(person(), depth=Frames(3, lambda _: np.ones((60, 80), np.float32))), "0% of"),
        (replace(person(), depth=Frames(3, lambda _: np.zeros((60, 80), np.float32))), "no frame"),
        (replace(person(), depth=Frames.absent(3, "none")), "has no depth"),
        (person(6.0, lowest=40), "is 6.00 m away, expected 4.8 m at most"),
        (person(2.0, lowest=31), "below the camera's axis, expected 0.4 to 2.4 m"),
        (replace(person(), camera=replace(CAMERA, k1=0.1)), "lens distorts"),
    ],
)
def test_paste_refuses_what_has_no_place_in_a_room(recording: Recording, message: str) -> None:
    with pytest.raises(DataError, match=f"wave.*{message}"):
        paste(recording, seed=0)


def test_backdrop_moves_unless_asked_not_to() -> None:
    stance, moved = Stance(0.8, 0.0, 2.5), []
    for number in range(6):

        def random(use: str, number: int = number) -> np.random.Generator:
            return np.random.default_rng((number, *use.encode()))

        backdrop = build_backdrop(stance, CAMERA, frames=40, frame_rate_hz=30.0, random=random)
        assert backdrop.moving
        views = [
            [backdrop.room_m(t), *([backdrop.passer_m(t)] if backdrop.passer_m else [])]
            for t in (10, 25)
        ]
        moved.append(np.abs(np.subtract(*map(np.stack, views))).max())
    assert min(moved) > 0.01
    still = build_backdrop(
        stance, CAMERA, frames=40, frame_rate_hz=30.0, random=seeded, distractors=False
    )
    assert still.moving == ()
    assert still.passer_m is None
    np.testing.assert_array_equal(still.room_m(0), still.room_m(39))


def test_backdrop_moves_at_its_own_speed() -> None:
    fast, slow = (
        build_backdrop(
            Stance(0.8, 0.0, 2.5), CAMERA, frames=frames, frame_rate_hz=rate, random=seeded
        )
        for frames, rate in ((41, 30.0), (21, 15.0))
    )
    np.testing.assert_array_equal(fast.room_m(20), slow.room_m(10))


def test_compose_shows_the_nearer_of_pedestrian_and_person() -> None:
    wall, passer = np.full((60, 80), 5, np.float32), np.zeros((60, 80), np.float32)
    passer[:, :40] = 2.0
    passer[:, 70:] = 3.0
    backdrop = Backdrop(lambda _: wall, lambda _: passer, ("passer",))
    seen = compose(person(), backdrop, 0, np.random.default_rng(0))
    np.testing.assert_allclose(seen[20:40, 34:40], 2.0, atol=0.05)
    np.testing.assert_array_equal(seen[20:40, 40:46], np.float32(2.5))
    np.testing.assert_allclose(seen[:, 72:], 3.0, atol=0.1)
    far = Backdrop(lambda _: wall * np.float32(0.4), None, ())
    np.testing.assert_array_equal(  # a wall never hides the person
        compose(person(), far, 0, np.random.default_rng(0))[20:40, 34:46], np.float32(2.5)
    )


def test_paste_clean_has_exact_depth_at_rest_and_no_shadow(source: Path) -> None:
    alone = open_recording(find_recordings(source)[0])
    depth = np.stack(list(paste(alone, seed=0, distractors=False, clean=True).depth))
    assert (depth > 0).all()
    room = (np.stack(list(alone.depth)) == 0).all(axis=0)
    assert (depth[:, room] == depth[0, room]).all()
    noisy = np.stack(list(paste(alone, seed=0, distractors=False).depth))
    assert (noisy[:, room] != noisy[0, room]).any()
    behind = room & (noisy[0] > 0)
    assert np.median(np.abs(noisy[0] - depth[0])[behind]) < 0.05


def test_paste_command_says_what_it_made(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("paste", source, "--out", tmp_path / "out", "--workers", "1") == 0
    assert "2 pasted, 0 there before, 0 failed" in capsys.readouterr().out
    assert (tmp_path / "out" / SETTINGS).is_file()
    assert len(find_recordings(tmp_path / "out")) == 2
