"""JSON and TOML that others wrote: plain values, or an error that names the file."""

import json
import tomllib
from pathlib import Path
from typing import Any

from skelflow.errors import FormatError, SkelflowError
from skelflow.io.files import read_text

_TEXT = "utf-8-sig"  # with or without the mark that Windows puts first
# 5000 digits are a ValueError, deep nesting is a RecursionError
_PROBLEMS = (ValueError, RecursionError, OverflowError)


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
    text = read_text(path, encoding=_TEXT, refusal=refusal)
    try:
        return tomllib.loads(text)
    except _PROBLEMS as error:
        raise refusal(f"{path}: no TOML that can be read ({error})") from error


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is larger than a number can be")
    return value
