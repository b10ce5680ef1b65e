"""A progress bar with rate and time left, for the command line."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol, runtime_checkable

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

from skelflow.cli.streams import printable
from skelflow.cli.verbosity import is_quiet

NOTED = "skelflow.flow.engines.jit"  # says when kernels are compiled


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

    @property
    def metrics(self) -> Mapping[str, Any] | None:
        """Of the epoch, at its last step."""


class _Rate(ProgressColumn):
    """How many a second, or how many seconds each."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("-")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{1 / speed:.1f} s each")


class _Notes(logging.Handler):
    """Lines above the bar: what the work says of itself that explains a wait."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(record.getMessage())


@contextmanager
def bar(what: str) -> Iterator[Report]:
    """Show progress on stderr while the block runs; yields the function to report it to."""
    if is_quiet():
        yield lambda *_, **__: None
        return
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}", markup=False),
    )
    progress = Progress(*columns, console=Console(file=sys.stderr))
    task = progress.add_task(what, total=None, last="")
    notes = _Notes(progress.console)

    def report(done: int, total: int, last: str = "") -> None:
        progress.start()  # not before: a mistake found at once needs no bar
        progress.update(task, completed=done, total=total, last=printable(last))

    logger = logging.getLogger(NOTED)
    before = logger.level
    logger.addHandler(notes)
    logger.setLevel(logging.INFO)
    try:
        yield report
    finally:
        logger.removeHandler(notes)
        logger.setLevel(before)
        if progress.live.is_started:
            progress.stop()


@contextmanager
def epochs() -> Iterator[Callable[[StepReport], None]]:
    """Progress of a training run: a bar in a terminal, a line an epoch in a file or a pipe."""
    if is_quiet():
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        yield _line_an_epoch
        return
    with bar("training") as report:
        held_out = ""

        def step(at: StepReport) -> None:
            nonlocal held_out
            if at.metrics and "held_out_top1" in at.metrics:
                held_out = f", held-out top-1 {at.metrics['held_out_top1']:.1%}"
            done = (at.epoch - 1) * at.steps + at.step
            last = f"epoch {at.epoch}/{at.epochs}, loss {at.loss:.3f}{held_out}"
            report(done, at.epochs * at.steps, last)

        yield step


def _line_an_epoch(at: StepReport) -> None:
    if at.metrics is None:
        return
    position, share = f"epoch {at.epoch}/{at.epochs}", at.metrics["top1"]
    parts = [position, f"loss {at.loss:.4f}", f"top-1 {share:.1%}"]
    if "held_out_top1" in at.metrics:
        parts.append(f"held-out top-1 {at.metrics['held_out_top1']:.1%}")
    parts += [f"learning rate {at.metrics['lr']:.2e}", f"{at.metrics['seconds']:.0f} s"]
    sys.stderr.write(", ".join(parts) + "\n")
    sys.stderr.flush()


class RunProgress:
    """Progress of several runs, one after the other: a line as each begins, a bar while it works.

    Parameters
    ----------
    say : shows a line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._bars = say, ExitStack()
        self._trained: Callable[[StepReport], None] | None = None
        self._prepared: Report | None = None

    def __enter__(self) -> "RunProgress":
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.close()

    def starts(self, what: str) -> None:
        """A store or a run begins; the bar of the one before ends."""
        self._bars.close()
        self._trained = self._prepared = None
        if not is_quiet():
            self._say(what)

    def prepared(self, done: int, total: int, last: str = "") -> None:
        """So many recordings are prepared."""
        if self._prepared is None:
            self._prepared = self._bars.enter_context(bar("preparing"))
        self._prepared(done, total, last)

    def trained(self, report: StepReport) -> None:
        """A training step is over."""
        if self._trained is None:
            self._trained = self._bars.enter_context(epochs())
        self._trained(report)
