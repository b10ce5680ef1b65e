"""Frames match by the moment that their names say, or are refused."""

from pathlib import Path

import pytest

from skelflow.errors import FormatError
from skelflow.recordings.folder.frame_names import check_steps, in_order, match_frames


def files(folder: str, *stems: object) -> list[Path]:
    return [Path(folder, f"{stem}.png") for stem in stems]


def times(*indices: int, offset_s: float = 0.0) -> list[str]:
    return [str(round(1700000000 + i / 30 + offset_s, 4)) for i in indices]


def test_in_order_reads_times_as_decimal_numbers() -> None:
    right = files("depth", *times(*range(40)))
    assert in_order(sorted(right)) == right
    assert in_order(files("depth", "f10", "f9", "f100")) == files("depth", "f9", "f10", "f100")


def test_match_frames_takes_color_of_the_same_number() -> None:
    depth, color = files("depth", 3, 4, 6), files("color", 1, 2, 3, 4, 5, 6)
    found, said = match_frames(depth, color, frame_rate_hz=30.0)
    assert found == [2, 3, 5]
    assert said == (
        "color/ has 6 images, 3 of them of a depth frame's number; left out: 1.png, 2.png, 5.png",
    )


def test_match_frames_goes_by_number_where_counts_differ() -> None:
    depth, color = files("depth", *range(30)), files("color", *range(31))
    found, said = match_frames(depth, color, frame_rate_hz=30.0)
    assert found == list(range(30))
    assert said == ("color/ has 31 images, 30 of them of a depth frame's number; left out: 30.png",)
    assert match_frames(depth[:5], color[:6], frame_rate_hz=30.0)[0] == [0, 1, 2, 3, 4]
    found, said = match_frames(depth[10:], color, frame_rate_hz=30.0)
    assert found == list(range(10, 30))
    assert said[0].endswith("left out: 0.png, 1.png, 2.png and 8 more")


def test_match_frames_takes_the_nearest_time() -> None:
    depth = files("depth", *times(0, 1, 2, 3))
    color = files("color", *times(-1, 0, 1, 2, 3, 4, offset_s=0.004))
    found, said = match_frames(depth, color, frame_rate_hz=30.0)
    assert found == [1, 2, 3, 4]
    assert said == ("color/ is matched to depth/ by time, at most 4 ms apart",)


def test_match_frames_reads_nanoseconds() -> None:
    depth = files("depth", *(1_700_000_000_000_000_000 + 33_333_333 * t for t in range(5)))
    color = files("color", *(1_700_000_000_002_000_000 + 33_333_333 * t for t in range(-2, 6)))
    assert match_frames(depth, color, frame_rate_hz=30.0)[0] == [2, 3, 4, 5, 6]


def test_match_frames_says_when_numbers_begin_elsewhere() -> None:
    found, said = match_frames(files("depth", 0, 1, 2), files("color", 1, 2, 3), frame_rate_hz=30.0)
    assert found == [0, 1, 2]
    assert said == ("color/ begins with 1.png, depth/ with 0.png: in turn",)


@pytest.mark.parametrize(
    ("depth", "color", "said"),
    [
        (files("depth", 0, 1, 2), files("color", 0, 1), "2 images, expected 3 as in depth/"),
        (
            files("depth", *range(50)),  # 30 Hz and 60 Hz, each with its own counter
            files("color", *range(100)),
            "100 images, expected 50 as in depth/; 50 come after the last depth frame's number",
        ),
        (files("depth", 0, 1, 2), files("color", 1, 2, 3, 4), "there is none for 0.png"),
        (files("depth", "a", "b"), files("color", "a"), "1 image, expected 2 as in depth/"),
        (files("depth", 0, 1, 3), files("color", 0, 1, 2), "there is none for 3.png"),
        (
            files("depth", *times(0, 1, 2, 3)),
            files("color", *times(0, 1, 4, 5)),
            "none of 4 images was taken within half a frame",
        ),
    ],
)
def test_match_frames_refuses_another_moment(depth: list, color: list, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        match_frames(depth, color, frame_rate_hz=30.0)


def test_check_steps_counts_missing_frames_and_refuses_many() -> None:
    assert check_steps(files("depth", *range(0, 60, 2)), frame_rate_hz=30.0) == ()
    one = files("depth", *(t for t in range(60) if t != 20))
    assert check_steps(one, frame_rate_hz=30.0) == (
        "1 frame is missing, the first between 19.png and 21.png: motion there spans more than "
        "one frame",
    )
    with pytest.raises(FormatError, match=r"10 frames are missing, the first between 19\.png"):
        check_steps(files("depth", *range(20), *range(30, 60)), frame_rate_hz=30.0)


def test_check_steps_refuses_another_frame_rate_than_the_times_tell() -> None:
    with pytest.raises(FormatError, match=r"come at 30.* Hz, and frame_rate_hz is 15"):
        check_steps(files("depth", *times(*range(9))), frame_rate_hz=15.0)
