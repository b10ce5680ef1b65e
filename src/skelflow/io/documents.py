"""JSON and TOML that others wrote: plain values, or an error that names the file."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from skelflow.errors import FormatError, SkelflowError
from skelflow.io.bounds import TOML
from skelflow.io.files import read_text

_TEXT = "utf-8-sig"  # with or without the mark that Windows puts first
# 5000 digits are a ValueError, deep nesting is a RecursionError
_PROBLEMS = (ValueError, RecursionError, OverflowError)
_MOST_PARTS = 100  # of a dotted key of TOML, whose parser takes the square of their number
# a text that does not end is no TOML, whatever follows it
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\[^\n])*+"?|'[^'\n]*+'?)"""
_LONG_KEY = re.compile(
    r"""\#[^\n]*+|\"{3}(?:[^"\\]|\\.|"(?!""))*+(?:"{3}|\Z)|'{3}(?:[^']|'(?!''))*+(?:'{3}|\Z)"""
    rf"|(?P<key>{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{_MOST_PARTS},}}+)|{_PART}",
    re.DOTALL,
)


def read_json(path: str | Path, *, refusal: type[SkelflowError] = FormatError) -> Any:
    """The content of a JSON file; raises as `read_text`, and where it is none."""
    return parse_json(read_text(path, encoding=_TEXT, refusal=refusal), path, refusal=refusal)


def parse_json(text: str, where: object, *, refusal: type[SkelflowError] = FormatError) -> Any:
    """The content of a JSON text.

    Raises
    ------
    refusal
        It is no JSON, is nested too deep, or has NaN or an infinite number; names `where`.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except _PROBLEMS as error:
        raise refusal(f"{where}: no JSON that can be read ({error})") from error


def read_toml(path: str | Path, *, refusal: type[SkelflowError] = FormatError) -> dict[str, Any]:
    """The content of a TOML file; raises as `read_text`, and where it is none."""
    text = read_text(path, encoding=_TEXT, refusal=refusal, bound=TOML)
    try:
        _check_keys(text)
        return tomllib.loads(text)
    except _PROBLEMS as error:
        raise refusal(f"{path}: no TOML that can be read ({error})") from error


def _check_keys(text: str) -> None:
    if any(found["key"] for found in _LONG_KEY.finditer(text)):
        raise ValueError(f"a key has more than {_MOST_PARTS} parts")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is larger than a number can be")
    return value
