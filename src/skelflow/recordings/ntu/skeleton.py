"""The `.skeleton` text of NTU RGB+D, read without losing which frame a body was seen in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from skelflow.errors import FormatError
from skelflow.io.bounds import MB, NUMBERS
from skelflow.io.files import read_text
from skelflow.io.numbers import is_no_number, parse_whole
from skelflow.skeleton.plausible import check_joints
from skelflow.wording import counted

JOINTS = 25
_BODY_FIELDS = 10
_JOINT_FIELDS = 12
_FARTHEST_PX = 1e6
_MOST_BODIES = 64  # in a frame; a Kinect v2 tracks six
_WHICH = [f"joint {number} of {JOINTS}" for number in range(1, JOINTS + 1)]


@dataclass(frozen=True)
class Tracks:
    """Every body of a `.skeleton` file.

    Parameters
    ----------
    ids : the sensor's own number of each body, by first appearance.
    values : (t, bodies, 25, 12) float64
        x y z depthX depthY colorX colorY orientW orientX orientY orientZ trackingState as
        stored (meters, y up; pixels); NaN in frames where the body is absent.
    """

    ids: tuple[str, ...]
    values: Float64[np.ndarray, "t bodies 25 12"]


def read_tracks(path: Path) -> Tracks:
    """Parse a `.skeleton` file.

    Raises
    ------
    FormatError
        The text ends early or goes on after the end, a number is none, or a count is impossible;
        names the file and the line.
    """
    text = read_text(path, encoding="utf-8-sig")
    lines = _Lines(path, text.splitlines())
    count = lines.count("frame count")
    if count == 0:
        raise FormatError(f"{path}, line 1: 0 frames, expected at least one")
    frames = [_read_frame(lines) for _ in range(count)]
    lines.finish()
    ids = tuple(dict.fromkeys(body for frame in frames for body in frame))
    place = {body: number for number, body in enumerate(ids)}
    size = count * len(ids) * JOINTS * _JOINT_FIELDS * 8
    NUMBERS.check(size / MB, f"{path}: {len(ids)} bodies in {count} frames", FormatError)
    values = np.full((count, len(ids), JOINTS, _JOINT_FIELDS), np.nan)
    for t, frame in enumerate(frames):
        for body, joints in frame.items():
            values[t, place[body]] = joints
    _check_values(path, values)
    return Tracks(ids, values)


def _check_values(path: Path, values: Float64[np.ndarray, "t bodies 25 12"]) -> None:
    """Refuse joints of tracked bodies that no sensor reports, and pixels far off any image."""
    tracked = values[values[..., 11] > 0]
    check_joints(path, tracked[:, :3], refusal=FormatError)
    pixels = tracked[:, 3:7][np.isfinite(tracked[:, 3:7])]
    if pixels.size and (largest := float(np.abs(pixels).max())) > _FARTHEST_PX:
        raise FormatError(f"{path}: a joint's pixel is {largest:g}, expected at most 1e6")


def clean(values: Float64[np.ndarray, "*frames 25 12"]) -> Float64[np.ndarray, "*frames 25 12"]:
    """The same with y down, and NaN for joints not tracked and pixels that are (0, 0) or none."""
    values = values * np.where(np.arange(_JOINT_FIELDS) == 1, -1.0, 1.0)
    values[~(values[..., 11] > 0), :7] = np.nan
    for pixels in (values[..., 3:5], values[..., 5:7]):
        pixels[~np.isfinite(pixels).all(axis=-1) | (pixels == 0).all(axis=-1)] = np.nan
    return values


def _read_frame(lines: "_Lines") -> dict[str, list[list[float]]]:
    """Body number -> 25 joints of 12 numbers."""
    frame: dict[str, list[list[float]]] = {}
    bodies = lines.count("body count")
    if bodies > _MOST_BODIES:
        raise lines.error(
            f"{bodies} bodies in one frame, expected at most {_MOST_BODIES} (a Kinect v2 tracks 6)"
        )
    for _ in range(bodies):
        lines.numbers(_BODY_FIELDS, "a body")
        body = lines.first()  # of 17 digits: as a float it would lose the last
        if body in frame:
            raise lines.error(f"body {body} a second time in one frame")
        joints = lines.count("joint count")
        if joints != JOINTS:
            raise lines.error(f"{counted(joints, 'joint')}, expected {JOINTS}")
        frame[body] = [lines.numbers(_JOINT_FIELDS, which) for which in _WHICH]
    return frame


def _number(text: str) -> float:
    """A number, or what Microsoft's C writes for none: -1.#IND, 1.#QNAN, 1.#INF."""
    return float("nan") if is_no_number(text) else float(text)


class _Lines:
    """The lines of a file and how far they are read."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self.path, self.lines, self.read = path, lines, 0

    def next(self, what: str) -> str:
        if self.read >= len(self.lines):
            raise FormatError(
                f"{self.path}, line {self.read + 1}: the text ends where {what} is expected; "
                "the file is truncated: copy or download it again"
            )
        self.read += 1
        return self.lines[self.read - 1]

    def count(self, what: str) -> int:
        text = self.next(f"a {what}").strip()
        number = parse_whole(text)
        if number is None:
            raise self.error(f"found {text[:40]!r}, expected a {what} (a whole number >= 0)")
        return number

    def numbers(self, expected: int, what: str) -> list[float]:
        text = self.next(what)
        last = self.read == len(self.lines)
        end = "; it is the last line, the file is truncated: copy it again" if last else ""
        if "_" in text or not text.isascii():
            raise self.error(f"found {text[:40]!r}, expected the {expected} numbers of {what}")
        try:
            values = [_number(field) for field in text.split()]
        except ValueError as error:
            raise self.error(f"{error}, expected the {expected} numbers of {what}{end}") from error
        if len(values) != expected:
            raise self.error(f"{len(values)} numbers, expected the {expected} of {what}{end}")
        return values

    def first(self) -> str:
        """The first field of the line read last."""
        return self.lines[self.read - 1].split()[0]

    def finish(self) -> None:
        for line in self.lines[self.read :]:
            self.read += 1
            if line.strip():
                raise self.error(f"found {line[:40]!r} after the last frame, expected the end")

    def error(self, message: str) -> FormatError:
        return FormatError(f"{self.path}, line {self.read}: {message}")
