"""Commands that make and use networks: train, evaluate, predict, models."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.shell import app, process_number, say


@app.command
def train(
    recipe: Path,
    store: Path,
    *,
    run: Path,
    set_: Annotated[list[str] | None, Parameter(name=["--set", "-s"])] = None,
) -> None:
    """Train a network by a recipe; a stopped run goes on with the same command.

    Example:  skelflow train recipes/utd_mhad/cpu/res_tcn_bjcn.toml stores/utd --run runs/bjcn

    Parameters
    ----------
    recipe
        TOML file that says what differs from the defaults, which are the paper's.
    store
        Store made by `skelflow prepare`.
    run
        Folder for checkpoints, metrics and the resolved configuration.
    set_
        One setting that differs from the recipe, as --set optim.lr=0.01; repeatable.
    """
    from skelflow.progress import epochs
    from skelflow.training.loop import train as train_network
    from skelflow.training.recipe import load_recipe

    config = load_recipe(recipe, set_ or [])
    with epochs() as progress:
        result = train_network(config, store, run, progress=progress)
    held_out = (
        "" if result.held_out_top1 is None else f", held-out top-1 {result.held_out_top1:.1%}"
    )
    say(f"{result.weights}: epoch {result.epoch}, chosen by {result.chosen_by}{held_out}")


@app.command
def evaluate(
    run: Path,
    store: Path,
    *,
    protocol: str | None = None,
    split: Literal["test", "held_out", "train"] = "test",
    classifier: Literal["network", "svm", "naive_bayes"] = "network",
    out: Path | None = None,
) -> None:
    """Test a trained network: top-1, top-5, per-class table, confusion matrix.

    Example:  skelflow evaluate runs/bjcn stores/utd --protocol cross-subject

    Parameters
    ----------
    run
        Folder made by `skelflow train`, or a weights file.
    store
        Store made by `skelflow prepare`.
    protocol
        Who trains and who tests; as in training when not given.
    split
        The test recordings, the held-out training subjects, or those trained on.
    classifier
        The network's own, or one fitted on its last features (the paper compares these).
    out
        Folder for the tables and the picture; `evaluation` in the run when not given.
    """
    if classifier != "network":
        say(_classify(run, store, classifier, protocol))
        return
    from skelflow.evaluation.evaluate import evaluate as evaluate_network
    from skelflow.progress import bar
    from skelflow.viz.figures import save_confusion

    folder = out or (run if run.is_dir() else run.parent) / "evaluation"
    with bar("testing") as progress:
        result = evaluate_network(
            run, store, protocol=protocol, split=split, out=folder, progress=progress
        )
    if not process_number():
        save_confusion(result.confusion, result.class_names, folder / "confusion.png")
    say(
        f"{result.model} on {result.sequences} {split} sequences, {result.protocol}: "
        f"top-1 {result.top1:.1%}, top-5 {result.top5:.1%}, mean recall {result.mean_recall:.1%}"
    )
    say(f"per-class table, confusion matrix and picture: {folder}")


def _classify(run: Path, store: Path, classifier: str, protocol: str | None) -> str:
    from skelflow.evaluation.classifiers import classify_features

    result = classify_features(run, store, classifier=classifier, protocol=protocol)
    return (
        f"{result.classifier} on the features of {run}: top-1 {result.top1:.1%} "
        f"({result.tested} test sequences, {result.protocol})"
    )


@app.command
def predict(run: Path, recording: Path, *, json: bool = False, top: int = 5) -> None:
    """Recognize the action in one recording.

    Example:  skelflow predict runs/fused UTD_MHAD/depth/a27_s8_t3_depth.mat

    Parameters
    ----------
    run
        Folder made by `skelflow train`, or a weights file.
    recording
        A recording (see docs/recordings.md).
    json
        Print JSON instead of text.
    top
        How many actions to name.
    """
    from skelflow.recognize import Recognizer

    result = Recognizer.load(run).recognize(recording, top=top)
    say(result.to_json() if json else result.to_text())


@app.command
def models(pattern: str = "*") -> None:
    """List the networks.

    Example:  skelflow models "c3d*"

    Parameters
    ----------
    pattern
        Names to list, with wildcards.
    """
    from skelflow.models.registry import list_models

    for name in list_models(pattern):
        say(name)
