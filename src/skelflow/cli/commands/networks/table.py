"""The commands that make many runs: table, cross-validate."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from skelflow.cli.app import Count, app, say


@app.command
def table(
    name: str | None = None,
    *,
    data: Path | None = None,
    out: Path = Path("table"),
    results: Path | None = None,
    protocol: str | None = None,
    rows: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    seeds: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (0, 1, 2),
    quick: Annotated[bool, Parameter(negative=())] = False,
    again: Annotated[bool, Parameter(negative=())] = False,
    workers: Count = 1,
    device: str = "auto",
) -> None:
    """Make a table of results: train and test what is missing, then print it.

    Without a name, the tables that come with skelflow are listed. A stopped table goes on with the
    same command. OUT gets table.md, table.csv and table.png.

    Example:  skelflow table utd_mhad --data UTD_MHAD --quick

    Example:  skelflow table utd_mhad --results results/utd_mhad --rows gcn --seeds 0 1

    Example:  skelflow table synth --data people --protocol cross-view --out table/cross_view

    Parameters
    ----------
    name
        Of a table, or a TOML file that says one.
    data
        Folder of the data set's recordings; without it, stores and results must be in OUT.
    out
        Folder for stores, runs and the table.
    results
        Folder for one small JSON file a run; OUT/results when not given.
    protocol
        Who trains and who tests, where the data set has several; the table's own when not given.
        Each protocol needs its own OUT and RESULTS.
    rows
        Just these, and those they start from.
    seeds
        Of weights, order, augmentation and dropout.
    quick
        The rows marked as quick, with the first seed.
    again
        Test anew where there is a result; how often the test split was read is counted.
    workers
        Processes that prepare recordings side by side.
    device
        cpu, cuda, cuda:1 or mps; auto takes an accelerator where there is one.
    """
    from skelflow.experiments.definition import list_tables, load_table

    if name is None:
        for known in list_tables():
            say(f"{known:<14} {load_table(known).title}")
        return
    from skelflow.cli.progress import RunProgress
    from skelflow.experiments.report import write_table
    from skelflow.experiments.runner import Workplace, run_table

    chosen = load_table(name)
    if protocol is not None:
        chosen = chosen.replace(protocol=protocol)
    wanted = chosen.chosen(rows, quick=quick)
    place = Workplace(data, out, results or out / "results", device, workers)
    with RunProgress(say) as progress:
        found = run_table(
            chosen, wanted, seeds[:1] if quick else seeds, place, again=again, progress=progress
        )
    say(write_table(chosen, found, out))


@app.command
def cross_validate(
    recipe: str,
    store: Path,
    *,
    out: Path,
    set_: Annotated[list[str] | None, Parameter(name=["--set", "-s"])] = None,
    subjects: Annotated[tuple[int, ...], Parameter(consume_multiple=True)] = (),
    device: str = "auto",
) -> None:
    """Train by a recipe without each training subject in turn, to choose settings.

    Test recordings are never read: a recipe's `paper_protocol` is set aside. Every trial adds a
    line to OUT/trials.jsonl; a stopped cross-validation goes on with the same command.

    Example:  skelflow cross-validate utd_mhad/gcn stores/utd --out trials/long --set epochs=60

    Parameters
    ----------
    recipe
        One of `skelflow recipes`, or a TOML file.
    store
        Store made by `skelflow prepare`.
    out
        Folder for the runs and the log, one for each choice of settings.
    set_
        One setting that differs from the recipe, as --set optim.lr=0.01; repeatable.
    subjects
        To leave out, one at a time; each training subject when not given.
    device
        cpu, cuda, cuda:1 or mps; auto takes an accelerator where there is one.
    """
    from skelflow.cli.progress import RunProgress
    from skelflow.experiments.cross_validation import cross_validate as validate

    with RunProgress(say) as progress:
        trials = validate(
            recipe,
            store,
            out,
            settings=set_ or [],
            subjects=subjects,
            device=device,
            progress=lambda _, report: progress.trained(report),
        )
    for trial in trials:
        say(f"without subject {trial.subject}: {trial.last:.1%} (best {trial.best:.1%})")
    mean = sum(trial.last for trial in trials) / len(trials)
    say(f"mean of {len(trials)}: {mean:.1%}; log: {out / 'trials.jsonl'}")
