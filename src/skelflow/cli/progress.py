"""A progress bar with rate and time left, for the command line."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


@runtime_checkable
class Report(Protocol):
    """How the work tells how far it is: finished, of how many, the last one's name."""

    def __call__(self, done: int, total: int, last: str = "") -> None:
        """Show it."""


@runtime_checkable
class StepReport(Protocol):
    """What the bar shows of a `skelflow.training.report.StepReport`; importing that takes torch."""

    @property
    def epoch(self) -> int:
        """From 1."""

    @property
    def epochs(self) -> int:
        """Of how many."""

    @property
    def step(self) -> int:
        """In this epoch, from 1."""

    @property
    def steps(self) -> int:
        """Of how many."""

    @property
    def loss(self) -> float:
        """Mean over the epoch so far."""


class _Rate(ProgressColumn):
    """How many a second, or how many seconds each."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("-")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{1 / speed:.1f} s each")


@contextmanager
def bar(what: str) -> Iterator[Report]:
    """Show progress on stderr while the block runs; yields the function to report it to."""
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}"),
    )
    progress = Progress(*columns, console=Console(file=sys.stderr))
    task = progress.add_task(what, total=None, last="")

    def report(done: int, total: int, last: str = "") -> None:
        progress.start()  # not before: a mistake found at once needs no bar
        progress.update(task, completed=done, total=total, last=last)

    try:
        yield report
    finally:
        if progress.live.is_started:
            progress.stop()


@contextmanager
def epochs() -> Iterator[Callable[[StepReport], None]]:
    """A bar over all steps of a training run, with the epoch and its loss."""
    with bar("training") as report:

        def step(at: StepReport) -> None:
            done = (at.epoch - 1) * at.steps + at.step
            report(done, at.epochs * at.steps, f"epoch {at.epoch}/{at.epochs}, loss {at.loss:.3f}")

        yield step
