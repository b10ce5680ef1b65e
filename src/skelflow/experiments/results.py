"""What a row reached with one seed: a small JSON file that is kept in the repository."""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import Field, NonNegativeInt

from skelflow.errors import FormatError
from skelflow.io.atomic import atomic_write
from skelflow.io.documents import parse_json
from skelflow.io.files import read_text
from skelflow.settings import Count, Settings, SettingsError


class RunResult(Settings):
    """One run of a row, complete enough to be compared with others and to be run again.

    Parameters
    ----------
    row, seed : which run.
    commands : that give it.
    skelflow, git : version and commit that computed it; "" = not known.
    protocol : who trained and who tested.
    settings : of the run, as resolved, or what the row is made of; and those of its store. See
        `skelflow.experiments.made_of`.
    parameters : how many weights are trained or averaged.
    epochs, seconds : of training, seconds by the clock.
    top5 : share of recordings with the truth among the five most probable; None = no such order.
    truth, predicted : action number by recording.
    test_reads : how often the test split was read for this row and seed.
    """

    row: str
    seed: NonNegativeInt
    commands: list[str]
    skelflow: str
    git: str = ""
    protocol: str
    settings: dict[str, Any] = Field(default_factory=dict)
    parameters: NonNegativeInt = 0
    epochs: NonNegativeInt = 0
    seconds: float = 0.0
    top5: float | None = None
    truth: dict[str, int]
    predicted: dict[str, int]
    test_reads: Count = 1

    def check(self) -> None:
        """Every recording has both numbers."""
        same = bool(self.truth) and self.truth.keys() == self.predicted.keys()
        self.require(same, "predicted", "one action a recording, for those of truth")

    @property
    def right(self) -> list[bool]:
        """Whether each recording is named right, in the order of the recordings' names."""
        return [self.truth[name] == self.predicted[name] for name in sorted(self.truth)]

    @property
    def top1(self) -> float:
        """Share of recordings named right."""
        return sum(self.right) / len(self.right)


def result_path(folder: Path, row: str, seed: int) -> Path:
    """Where a run's result stands."""
    return folder / f"{row}_{seed}.json"


def read_result(path: Path) -> RunResult:
    """Read a result; `FormatError` names the file if it is none."""
    text = read_text(path, encoding="utf-8-sig")
    try:
        values = parse_json(text, "its text")
        values.pop("top1", None)  # for those who read the file; it follows from the rest
        return RunResult.from_mapping(values)
    except (FormatError, AttributeError, TypeError, SettingsError) as error:
        raise FormatError(
            f"{path}: no result of `skelflow table` ({error}); delete it to have it made again"
        ) from None


def write_result(result: RunResult, path: Path) -> None:
    """Write a result, whole or not at all; lists of numbers take one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = result.model_dump(mode="json") | {"top1": result.top1}
    text = json.dumps(plain | {"truth": None, "predicted": None}, indent=1)
    for name in ("truth", "predicted"):
        one_line = json.dumps(plain[name], separators=(",", ":"))
        text = text.replace(f'"{name}": null', f'"{name}": {one_line}')
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: _one_line(found[1]), text)
    with atomic_write(path) as aside:
        aside.write_text(text + "\n", encoding="utf-8")


def _one_line(items: str) -> str:
    return "[" + re.sub(r"\s*\n\s*", " ", items) + "]"
