"""The `skelflow` command: parse, call one function, print."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from skelflow import __version__
from skelflow.errors import SkelflowError

app = App(
    name="skelflow",
    help="Recognize human actions in RGB-D recordings by scene flow and skeletons.",
    version=__version__,
    help_format="plaintext",
)


def main() -> None:
    """Run the command; a mistake of the user's is one line on stderr and exit code 2."""
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
    except (SkelflowError, CycloptsError) as error:
        _fail(" ".join(str(error).split()), 2)
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on where it was", 130)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"skelflow: {message}\n")
    sys.exit(code)


def _say(text: str = "") -> None:
    sys.stdout.write(text + "\n")


def _size(text: str) -> tuple[int, int]:
    from skelflow.errors import ConfigError

    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise ConfigError(f"expected WIDTHxHEIGHT such as 320x240, found {text!r}")
    return int(width), int(height)


@app.command
def prepare(
    source: Path,
    *,
    out: Path,
    only: str = "*",
    crop: str = "320x240",
    size: str = "160x120",
    stride: int = 3,
    preset: str = "paper",
    intensity: Literal["auto", "infrared", "color", "none"] = "auto",
    range_m: float | None = None,
    per_sequence_range: bool = False,
    protocol: str | None = None,
    workers: int | None = None,
) -> None:
    """Turn recordings into a store of colored scene flow and joints.

    A stopped run goes on with the same command. Recordings that cannot be read are listed.

    Example:  skelflow prepare UTD_MHAD --out stores/utd

    Parameters
    ----------
    source
        Folder of recordings (UTD-MHAD, NTU RGB+D, or your own; see docs/recordings.md).
    out
        The store to make or to go on with.
    only
        Prepare just the recordings whose name matches this pattern, as "a[1-9]_*".
    crop
        Centered window of the depth image, WIDTHxHEIGHT pixels.
    size
        What the window is resized to.
    stride
        Every stride-th frame pair gets a flow.
    preset
        Of the scene-flow solver: paper or exact.
    intensity
        What the flow sees beside depth; auto takes infrared, else color, else nothing.
    range_m
        Motion in meters of full color; measured on training recordings when not given.
    per_sequence_range
        Every sequence has its own range.
    protocol
        Who trains, for measuring the range; the data set's usual one when not given.
    workers
        Processes side by side; one a core when not given.
    """
    import os

    from skelflow.datasets.prepare import PrepareConfig
    from skelflow.datasets.prepare import prepare as prepare_recordings
    from skelflow.progress import bar

    config = PrepareConfig(
        crop=_size(crop),
        size=_size(size),
        stride=stride,
        preset=preset,
        intensity=intensity,
        range_m=range_m,
        per_sequence_range=per_sequence_range,
        protocol=protocol,
        workers=workers or os.cpu_count() or 1,
    )
    with bar("preparing") as progress:
        report = prepare_recordings(source, out, config, only=only, progress=progress)
    _say(
        f"{out}: {report.done} prepared, {report.skipped_existing} there before, "
        f"{len(report.failed)} failed"
    )
    for name, reason in report.failed:
        _say(f"  {name}: {reason}")


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
    _say(f"{result.weights}: epoch {result.epoch}, chosen by {result.chosen_by}{held_out}")


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
        _say(_classify(run, store, classifier, protocol))
        return
    from skelflow.evaluation.evaluate import evaluate as evaluate_network
    from skelflow.progress import bar
    from skelflow.viz.figures import save_confusion

    folder = out or (run if run.is_dir() else run.parent) / "evaluation"
    with bar("testing") as progress:
        result = evaluate_network(
            run, store, protocol=protocol, split=split, out=folder, progress=progress
        )
    save_confusion(result.confusion, result.class_names, folder / "confusion.png")
    _say(
        f"{result.model} on {result.sequences} {split} sequences, {result.protocol}: "
        f"top-1 {result.top1:.1%}, top-5 {result.top5:.1%}, mean recall {result.mean_recall:.1%}"
    )
    _say(f"per-class table, confusion matrix and picture: {folder}")


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
    _say(result.to_json() if json else result.to_text())


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
        _say(name)


@app.command
def info(path: Path) -> None:
    """Say what a recording holds.

    Example:  skelflow info UTD_MHAD/depth/a1_s1_t1_depth.mat

    Parameters
    ----------
    path
        A recording (see docs/recordings.md).
    """
    from skelflow.recordings import open_recording

    recording = open_recording(path)
    camera, skeleton = recording.camera, recording.skeleton
    _say(f"{recording.name}: {len(recording)} frames at {recording.frame_rate_hz:g} Hz")
    _say(
        f"  depth      {camera.width} x {camera.height}, fx {camera.fx:.1f}, fy {camera.fy:.1f}, "
        f"center ({camera.cx:.1f}, {camera.cy:.1f})"
    )
    _say(f"  color      {'yes' if recording.color is not None else 'no'}")
    _say(f"  infrared   {'yes' if recording.infrared is not None else 'no'}")
    if skeleton is not None:
        _, bodies, joints, _ = skeleton.joints_m.shape
        _say(f"  skeleton   {skeleton.layout}, {bodies} bodies, {joints} joints")
    known = {k: v for k, v in vars(recording.labels).items() if v is not None}
    _say(f"  labels     {', '.join(f'{k} {v}' for k, v in known.items()) or 'none'}")
