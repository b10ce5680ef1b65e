"""The command that tests a network."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.app import app, process_number, say
from skelflow.datasets.sides import Side
from skelflow.errors import ConfigError
from skelflow.wording import counted


@app.command
def evaluate(
    run: Path,
    store: Path,
    *,
    protocol: str | None = None,
    split: Side = "test",
    classifier: Literal["network", "svm", "naive_bayes"] = "network",
    device: str = "auto",
    engine: str | None = None,
    precision: Literal["float32", "bfloat16"] = "float32",
    out: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Test a trained network: top-1, top-5, per-class table, confusion matrix.

    Example:  skelflow evaluate runs/bjcn stores/utd --protocol cross-subject

    Parameters
    ----------
    run
        Folder made by `skelflow train`, a weights file, the name of bundled weights, or what
        `skelflow export` wrote.
    store
        Store made by `skelflow prepare`.
    protocol
        Who trains and who tests; as in training when not given. One's own: subjects:1,3 or
        cameras:2,3 (who trains), or a file with the names of the recordings that train.
    split
        The test recordings, the held-out training subjects, or those trained on.
    classifier
        The network's own, or one fitted on its last features (the paper compares these).
    device
        cpu, cuda, cuda:1 or mps; auto takes an accelerator where there is one.
    engine
        What runs the network: torch, onnxruntime or openvino (see docs/engines.md); when not given
        torch, or the one that an exported file is for.
    precision
        bfloat16 is quicker where the processor knows it, and coarser.
    out
        Folder for the tables and the picture; when not given `evaluation` in the run, or a folder
        beside what `skelflow export` wrote.
    json
        Print the figures as JSON instead of text.
    """
    from json import dumps

    if classifier != "network":
        if (engine, precision, out) != (None, "float32", None):
            raise ConfigError(
                "--engine, --precision and --out are for the network's own answers: leave them "
                f"out with --classifier {classifier}"
            )
        say(_classify(run, store, classifier, protocol, split, device, as_json=json))
        return
    from skelflow.cli.progress import bar
    from skelflow.evaluation.evaluate import evaluate as evaluate_network
    from skelflow.evaluation.evaluate import evaluation_folder
    from skelflow.viz.figures import save_confusion

    folder = out or evaluation_folder(run)
    with bar("testing") as progress:
        result = evaluate_network(
            run,
            store,
            protocol=protocol,
            split=split,
            device=device,
            engine=engine,
            precision=precision,
            out=folder,
            progress=progress,
        )
    if not process_number():
        save_confusion(result.confusion, result.class_names, folder / "confusion.png")
    if json:
        say(dumps(result.summary(), indent=2))
        return
    say(
        f"{result.model} on {counted(result.sequences, f'{split} sequence')}, {result.protocol}: "
        f"top-1 {result.top1:.1%}, top-5 {result.top5:.1%}, mean recall {result.mean_recall:.1%}"
    )
    if result.untrained:
        left = ", ".join(f"{name} ({count})" for name, count in result.untrained.items())
        say(f"left out, for the network was not trained on these actions: {left}")
    for intensity, count in result.unlike_training.items():
        saw = "depth alone" if intensity == "none" else intensity
        say(f"flow of {counted(count, 'sequence')} saw {saw}, that of the training never did")
    if result.trained_on:
        say(_trained_on(result.trained_on, result.trained_by_labels))
    say(f"per-class table, confusion matrix and picture: {folder}")


def _classify(
    run: Path,
    store: Path,
    classifier: str,
    protocol: str | None,
    side: Side,
    device: str,
    *,
    as_json: bool,
) -> str:
    from skelflow.evaluation.classifiers import classify_features

    result = classify_features(
        run, store, classifier=classifier, protocol=protocol, side=side, device=device
    )
    if as_json:
        from dataclasses import asdict
        from json import dumps

        return dumps(asdict(result), indent=2, default=str)
    said = (
        f"{result.classifier} on the features of {run}: top-1 {result.top1:.1%} "
        f"({counted(result.tested, f'{side} sequence')}, {result.protocol})"
    )
    if not result.trained_on:
        return said
    return f"{said}\n{_trained_on(result.trained_on, result.trained_by_labels)}"


def _trained_on(count: int, by_labels: bool) -> str:
    from skelflow.evaluation.evaluate import why_left_out

    return f"left out, for {why_left_out(by_labels)}: {counted(count, 'test sequence')}"
