"""Make a report: find the answers, explain the worst of them, write one page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skelflow.datasets.sides import Side
from skelflow.errors import ConfigError, DataError, SkelflowError
from skelflow.evaluation.predictions import Predicted
from skelflow.inference import Recognizer, Result
from skelflow.recordings import find_recordings, open_recording
from skelflow.viz.page import Case, Failed
from skelflow.viz.report.answers import (
    Answers,
    answer_to,
    answers_of_evaluation,
    answers_of_recordings,
    answers_of_store,
    find_evaluation,
)
from skelflow.viz.report.contents import Accuracy, describe_report, measure
from skelflow.viz.report.players import Explained, draw, explain, explain_worst
from skelflow.viz.report.write import write_report
from skelflow.wording import counted

Progress = Callable[[int, int, str], None]  # done, of how many, the last one's name


@dataclass(frozen=True)
class Report:
    """The page that `make_report` wrote.

    Parameters
    ----------
    path : of the page.
    accuracy : over all recordings that were answered.
    players : how many recordings it shows frame by frame.
    failed : recordings that are left out, and why.
    """

    path: Path
    accuracy: Accuracy
    players: int
    failed: tuple[Failed, ...] = ()


def make_report(
    run: str | Path,
    recordings: Sequence[str | Path],
    out: Path,
    *,
    store: str | Path | None = None,
    protocol: str | None = None,
    split: Side | None = None,
    title: str | None = None,
    players: int = 8,
    device: str = "cpu",
    progress: Progress = lambda *_: None,
) -> Report:
    """Write one page, out/index.html, with all that is known of a trained network.

    Its answers are, in this order: those to a store, tested now; those of an earlier
    `skelflow evaluate` of the same weights; those to the recordings themselves. A recording that
    cannot be read is listed on it, and the others go on.

    Parameters
    ----------
    run : a run folder, a weights file, or the name of bundled weights.
    recordings : recordings, or folders that hold some; the worst answers among them are shown
        frame by frame.
    out : folder of the page, made when it is not there.
    store : tested now, see `skelflow.evaluation.evaluate.evaluate`.
    protocol, split : with a store, which of its recordings; None = as the network was trained, and
        "test".
    title : over the page; names network and data set when None.
    players : how many recordings are shown frame by frame.
    device : where the network computes.
    progress : called while it works.

    Raises
    ------
    WeightsError, ConfigError, FormatError
        Weights, settings or recordings that cannot be used, or `protocol` or `split` without
        `store`: an earlier evaluation has its own.
    DataError
        There is nothing that says how good the network is, or what there is was made by other
        weights.
    StorageError
        The page cannot be written.
    """
    for option, value in (("--protocol", protocol), ("--split", split)):
        if store is None and value is not None:
            raise ConfigError(
                f"{option} goes with --store; found {value} without it, where answers are those of "
                "an earlier evaluation or of the recordings"
            )
    recognizer = Recognizer.load(run, device=device)
    checkpoint = recognizer.checkpoint
    alike: Mapping[str, int] = {}
    paths = [found for given in recordings for found in find_recordings(given)]
    if store is not None:
        answers = answers_of_store(
            checkpoint,
            store,
            protocol=protocol,
            split=split or "test",
            device=device,
            progress=lambda done, total: progress(done, total, "tested"),
        )
        explained, failed, alike = explain_worst(
            recognizer, answers.predictions, paths, most=players, progress=progress
        )
    elif (folder := find_evaluation(checkpoint)) is not None:
        answers = answers_of_evaluation(checkpoint, folder)
        explained, failed, alike = explain_worst(
            recognizer, answers.predictions, paths, most=players, progress=progress
        )
    elif paths:
        answers, explained, failed = _recognize(recognizer, paths, players, progress)
    else:
        raise DataError(
            f"{checkpoint.path}: nothing says how good it is; name a store with --store, test it "
            "with `skelflow evaluate` before, or name recordings whose action is known"
        )
    accuracy = measure(answers.predictions)
    drawn, unreadable = draw(explained)
    failed += unreadable
    contents = describe_report(
        checkpoint,
        Path(run),
        answers,
        accuracy,
        drawn,
        given=len(paths),
        failed=failed,
        alike=alike,
        title=title,
    )
    path = out / "index.html"
    write_report(contents, path)
    return Report(path, accuracy, len(drawn), tuple(failed))


def _recognize(
    recognizer: Recognizer, paths: Sequence[Path], players: int, progress: Progress
) -> tuple[Answers, list[Explained], list[Failed]]:
    """Answers to the recordings themselves, the worst of them to be shown, and what failed."""
    checkpoint = recognizer.checkpoint
    lines: list[Predicted] = []
    results: list[Result] = []
    worst: list[Explained] = []
    failed: list[Failed] = []
    for number, path in enumerate(paths, start=1):
        try:
            case = _known(recognizer, path)
        except SkelflowError as error:
            failed.append(Failed(path.name, str(error)))
        else:
            if case is not None:
                index = checkpoint.class_names.index(str(case.truth))
                lines.append(answer_to(checkpoint, index, case.explanation))
                results.append(case.explanation.result)
                worst.append(Explained(len(lines) - 1, case))
                worst.sort(key=lambda each: -lines[each.answer].surer_of_wrong)
                del worst[players:]
        progress(number, len(paths), path.name)
    if not lines:
        why = "".join(f"; {len(failed)} cannot be read: {each.reason}" for each in failed[:1])
        raise DataError(
            f"none of {counted(len(paths), 'recording')} is known to show an action of "
            f"{checkpoint.path}; name some that say what they show{why}"
        )
    left_out = len(paths) - len(lines) - len(failed)
    answers = answers_of_recordings(checkpoint, lines, results, left_out=left_out)
    return answers, worst, failed


def _known(recognizer: Recognizer, path: Path) -> Case | None:
    """The answer to a recording; None where its action is not known, or none of the network's."""
    recording = open_recording(path)
    truth = recognizer.checkpoint.action_name(recording)
    return None if truth is None else Case(*explain(recognizer, recording), truth)
