"""The command that reports on a trained network: report."""

from pathlib import Path

from skelflow.cli.app import Count, app, say
from skelflow.datasets.sides import Side
from skelflow.wording import counted


@app.command
def report(
    run: Path,
    recordings: tuple[Path, ...] = (),
    *,
    out: Path,
    store: Path | None = None,
    protocol: str | None = None,
    split: Side | None = None,
    title: str | None = None,
    players: Count = 8,
    device: str = "cpu",
) -> None:
    """Write one page with all that is known of a trained network: OUT/index.html.

    Accuracy with its interval, learning curves, a confusion matrix whose cells open, each action,
    the joints' scores, the worst mistakes frame by frame, cost, configuration and versions. The
    page needs nothing beside it. Answers come from --store, tested now; else from what `skelflow
    evaluate` left in RUN; else from the recordings, which must say what they show.

    Example:  skelflow report runs/bjcn UTD_MHAD --store stores/utd --out report

    Parameters
    ----------
    run
        Folder made by `skelflow train`, a weights file, or the name of bundled weights.
    recordings
        Recordings, or folders that hold some: the worst answers among them are shown frame by
        frame, and nothing else of them is read.
    out
        Folder for the page, made when it is not there.
    store
        Store made by `skelflow prepare`, to test the network on.
    protocol
        Only with --store: who trains and who tests, as for `skelflow evaluate`.
    split
        Only with --store: the test recordings, as when it is not given, the held-out training
        subjects, or those trained on.
    title
        Over the page; names network and data set when not given.
    players
        How many recordings are shown frame by frame.
    device
        Where the network computes: cpu, an accelerator such as cuda or cuda:1, or auto.
    """
    from skelflow.cli.progress import bar
    from skelflow.extras import require
    from skelflow.viz.report import make_report

    require("jinja2")
    with bar("reporting") as progress:
        made = make_report(
            run,
            recordings,
            out,
            store=store,
            protocol=protocol,
            split=split,
            title=title,
            players=players,
            device=device,
            progress=progress,
        )
    accuracy = made.accuracy
    say(
        f"top-1 {accuracy.top1:.1%} (95 % interval {100 * accuracy.low:.1f} to "
        f"{100 * accuracy.high:.1f} %) on {counted(accuracy.recordings, 'recording')}"
    )
    for name, reason in made.failed:
        say(f"left out {name}: {reason}")
    if recordings and not made.players:
        say(
            "no recording is shown frame by frame: none that can be read is the only one "
            "with the name of an answer"
        )
    say(f"{made.path}: open it in a browser")
