"""`skeleton.csv`: one line a joint, in meters, y down."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.camera.pinhole import project
from skelflow.errors import FormatError
from skelflow.io.files import read_text
from skelflow.io.numbers import is_no_number, parse_real, parse_whole
from skelflow.skeleton.layouts import Layout
from skelflow.skeleton.plausible import check_joints
from skelflow.types import Camera, Skeleton

_REQUIRED = ("frame", "body", "joint", "x_m", "y_m", "z_m")
_PIXELS = ("u_px", "v_px")
_KNOWN = (*_REQUIRED, *_PIXELS, "tracking")
_MOST_BODIES = 64
_LARGEST = 1e6


@dataclass(frozen=True)
class _Row:
    line: int
    frame: int
    body: int
    joint: int
    values: tuple[float, float, float, float, float]  # x_m y_m z_m u_px v_px
    tracking: int


def read_skeleton(file: Path, layout: Layout, camera: Camera, *, count: int) -> Skeleton:
    """Read a `skeleton.csv` for a recording of `count` depth frames.

    Raises
    ------
    FormatError
        A column is missing, a value is none that the column may hold, a joint comes twice, or
        the positions are no meters; names the file and the line.
    """
    rows = list(_rows(file, layout, count))
    if not rows:
        raise FormatError(f"{file}: no joints below the header")
    shape = (count, max(row.body for row in rows) + 1, len(layout))
    values: Float32[np.ndarray, "t bodies joints 5"] = np.full((*shape, 5), np.nan, np.float32)
    tracking: UInt8[np.ndarray, "t bodies joints"] = np.zeros(shape, np.uint8)
    seen: dict[tuple[int, int, int], int] = {}
    for row in rows:
        place = (row.frame, row.body, row.joint)
        if place in seen:
            raise FormatError(
                f"{file}, line {row.line}: frame {row.frame}, body {row.body}, joint "
                f"{layout.joints[row.joint]} is already on line {seen[place]}"
            )
        seen[place] = row.line
        tracking[place] = row.tracking
        values[place] = row.values if row.tracking else np.nan
    check_joints(f"{file}", values[..., :3], refusal=FormatError)
    pixels = np.where(np.isnan(values[..., 3:]), project(values[..., :3], camera), values[..., 3:])
    return Skeleton(layout.name, values[..., :3], pixels.astype(np.float32), tracking)


def _rows(file: Path, layout: Layout, count: int) -> Iterator[_Row]:
    text = StringIO(read_text(file, encoding="utf-8-sig"), newline="")
    lines = csv.DictReader(text, restkey="", restval=None)
    try:
        _check_header(file, lines.fieldnames or ())
        for fields in lines:
            yield _row(f"{file}, line {lines.line_num}", lines.line_num, fields, layout, count)
    except csv.Error as error:
        raise FormatError(f"{file}: no CSV text ({error})") from error


def _check_header(file: Path, names: object) -> None:
    found = list(names) if isinstance(names, list | tuple) else []
    missing = [name for name in _REQUIRED if name not in found]
    unknown = [name for name in found if name not in _KNOWN]
    if missing or unknown or len(set(found)) < len(found) or ("u_px" in found) != ("v_px" in found):
        raise FormatError(
            f"{file}, line 1: columns are {','.join(map(str, found))!r}, expected "
            f"{','.join(_REQUIRED)!r}, then optionally 'u_px,v_px' and 'tracking'"
        )


def _row(where: str, line: int, fields: dict[str, str | None], layout: Layout, count: int) -> _Row:
    if None in fields.values() or "" in fields:
        raise FormatError(f"{where}: {len(fields)} columns expected, found more or fewer")
    text = {key: (value or "").strip() for key, value in fields.items()}
    x, y, z = (_number(where, text, key) for key in ("x_m", "y_m", "z_m"))
    u, v = (_number(where, text, key) for key in _PIXELS)
    return _Row(
        line=line,
        frame=_whole(where, text, "frame", count),
        body=_whole(where, text, "body", _MOST_BODIES),
        joint=_joint(where, text["joint"], layout),
        values=(x, y, z, u, v),
        tracking=_whole(where, text, "tracking", 3) if text.get("tracking") else 2,
    )


def _number(where: str, text: dict[str, str], key: str) -> float:
    if not text.get(key) or is_no_number(text[key]):
        return float("nan")
    number = parse_real(text[key])
    if number is None or abs(number) > _LARGEST:
        raise FormatError(f"{where}: {key} is {text[key][:40]!r}, expected a number or nothing")
    return number


def _whole(where: str, text: dict[str, str], key: str, end: int) -> int:
    number = parse_whole(text[key], below=end)
    if number is None:
        raise FormatError(
            f"{where}: {key} is {text[key][:40]!r}, expected a whole number 0..{end - 1}"
        )
    return number


def _joint(where: str, text: str, layout: Layout) -> int:
    if text in layout.joints:
        return layout.joints.index(text)
    number = parse_whole(text, below=len(layout))
    if number is not None:
        return number
    raise FormatError(
        f"{where}: joint is {text[:40]!r}, expected 0..{len(layout) - 1} or a name of "
        f"{layout.name}: {', '.join(layout.joints)}"
    )
