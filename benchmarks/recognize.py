"""A whole recording from the file to the answer: each engine, stage by stage.

The engines take turns in one run, and every ratio is taken within a turn. Beside them, on as many
clips of the same size: bare C3D of the same width in torch eager, and the time that its
multiplications would take at the rate of the fastest matrix product of that turn. With one thread
seconds are the processor's, which other programs disturb less. Engines whose package is missing are
left out, and named.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the command line does

import numba
import torch

from benchmarks.train_step import count_operations, make_batch, matrix_rate, measure
from skelflow.datasets.prepare.adapt import at_rate
from skelflow.errors import ConfigError
from skelflow.extras import MissingExtraError
from skelflow.inference import Recognizer, reading
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.exported.formats import format_of
from skelflow.models.registry import create_model
from skelflow.recordings import find_recordings, open_recording
from skelflow.web.samples import bundled_samples

EXAMPLE = "example: python -m benchmarks.recognize --threads 1 --turns 5 --json recognize.json"
ENGINES = (
    ("torch", "float32"),
    ("onnxruntime", "float32"),
    ("openvino", "float32"),
    ("torch", "bfloat16"),
    ("openvino", "bfloat16"),
)
STAGES = ("read", "flow", "network")
BARE, BOUND = "bare c3d, torch", "matrix product"


def unpack_sample(folder: Path) -> Path:
    """A recording that comes with the package."""
    with zipfile.ZipFile(bundled_samples()[0].path) as archive:
        archive.extractall(folder)
    return next(iter(find_recordings(folder)))


def load_engines(
    weights: str, files: Sequence[Path] = ()
) -> tuple[dict[str, Recognizer], list[str]]:
    """A recognizer by engine and precision, and why others are not there.

    `files` are exports of the weights, which spare the conversion.
    """
    found, missing = {}, []
    sources = {form.engine: path for path in files if (form := format_of(path))}
    for engine, precision in ENGINES:
        name = engine if precision == "float32" else f"{engine} {precision}"
        try:
            source = sources.get(engine, weights)
            found[name] = Recognizer.load(source, engine=engine, precision=precision)
        except (ConfigError, MissingExtraError) as error:
            missing.append(f"{name}: {error}")
    return found, missing


def recognize(recognizer: Recognizer, path: Path) -> dict[str, float]:
    """Seconds of each stage, and of all."""
    seconds: dict[str, float] = {}
    seconds["whole"] = measure(lambda: seconds.update(recognizer.recognize(path).seconds))
    return seconds


def count_clips(recognizer: Recognizer, path: Path) -> int:
    """How many clips the network reads of a recording."""
    recording = at_rate(open_recording(path), recognizer.checkpoint.frame_rate_hz)
    return len(recognizer.explain(recording).clips)


def make_bare(width: float, clips: int) -> Callable[[], None]:
    """C3D alone on so many clips, by torch, eight at once as the recognizer does."""
    network = create_model("c3d", width=width, classes=60, initialization="he").eval()
    batches = [make_batch(min(8, clips - first)) for first in range(0, clips, 8)]

    @torch.inference_mode()
    def run() -> None:
        for batch in batches:
            network(batch)

    return run


def take_turns(
    recognizers: dict[str, Recognizer], path: Path, bare: Callable[[], None], turns: int
) -> dict[str, list[dict[str, float]]]:
    """Seconds of every method in every turn; the matrix product's rate as its "whole"."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (*recognizers, BARE, BOUND)}
    for turn in range(-1, turns):  # the first one warms up
        names = list(recognizers)[max(turn, 0) % len(recognizers) :]
        for name in [*names, *(other for other in recognizers if other not in names)]:
            found[name].append(recognize(recognizers[name], path))
        found[BARE].append({"whole": measure(bare)})
        found[BOUND].append({"whole": matrix_rate()})
    return {name: each[1:] for name, each in found.items()}


def compare(found: dict[str, list[dict[str, float]]], operations: float) -> dict[str, dict]:
    """Medians by stage; how many times as fast as torch; the network beside bare C3D."""
    eager, bare = found["torch"], found[BARE]
    rows: dict[str, dict] = {}
    for name, turns in found.items():
        if name == BOUND:
            seconds = [operations / turn["whole"] for turn in turns]
            network = seconds
        else:
            seconds = [turn["whole"] for turn in turns]
            network = [turn.get("network", turn["whole"]) for turn in turns]
        each = zip(network, bare, strict=True)
        row: dict = {"network_over_bare": statistics.median(s / b["whole"] for s, b in each)}
        row |= {
            stage: statistics.median(turn[stage] for turn in turns)
            for stage in STAGES
            if stage in turns[0]
        }
        row["whole"] = statistics.median(seconds)
        if "network" in turns[0]:
            both = list(zip(turns, eager, strict=True))
            for key in ("whole", "network"):
                row[f"{key}_times_as_fast"] = statistics.median(e[key] / t[key] for t, e in both)
        rows[name] = row
    return rows


def agree(recognizers: dict[str, Recognizer], path: Path) -> dict[str, float]:
    """By how much each engine's probabilities differ from torch's."""
    answers = {name: each.recognize(path, top=10_000) for name, each in recognizers.items()}
    by_action = {
        name: {guess.action: guess.probability for guess in answer.predictions}
        for name, answer in answers.items()
    }
    expected = by_action["torch"]
    return {
        name: max(abs(found[action] - expected[action]) for action in expected)
        for name, found in by_action.items()
    }


def run(weights: str, files: Sequence[Path], path: Path, turns: int) -> dict:
    """All figures of one run."""
    recognizers, missing = load_engines(weights, files)
    eager = recognizers["torch"]
    clips, width = count_clips(eager, path), Checkpoint.load(weights).network.config.to_options()
    bare = make_bare(width["width"], clips)
    operations = clips * count_operations(width["width"], train=False)
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "width": width["width"],
        "clips": clips,
        "turns": turns,
        "missing": missing,
        "differences": agree(recognizers, path),
        "methods": compare(take_turns(recognizers, path, bare, turns), operations),
    }


def describe(result: dict) -> str:
    """A table."""
    lines = [
        f"width {result['width']:g}, {result['clips']} clips, {result['threads']} threads, median "
        f"of {result['turns']} turns; seconds, and times as fast as torch in 32 bit"
    ]
    for name, row in result["methods"].items():
        stages = "  ".join(f"{stage} {row[stage]:.3f}" for stage in STAGES if stage in row)
        line = f"  {name:18} {row['whole']:7.3f}  over bare C3D {row['network_over_bare']:5.2f}  "
        if "whole_times_as_fast" in row:
            line += f"{stages}  whole x {row['whole_times_as_fast']:.2f}, network x "
            line += f"{row['network_times_as_fast']:.2f}, probabilities differ by "
            line += f"{result['differences'][name]:.1e}"
        lines.append(line)
    return "\n".join([*lines, *result["missing"]])


def main() -> None:
    """Print a table; with --json, write all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=EXAMPLE)
    parser.add_argument("--weights", default="synthetic-8")
    parser.add_argument("--recording", type=Path, help="a bundled one by default")
    parser.add_argument(
        "--files", nargs="*", type=Path, default=(), help="exports of the weights, to load sooner"
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, help="all cores by default; 1: processor time")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
        numba.set_num_threads(asked.threads)
    if torch.get_num_threads() == 1:
        reading.clock = time.process_time  # as `measure` does
    with tempfile.TemporaryDirectory() as folder:
        path = asked.recording or unpack_sample(Path(folder))
        result = run(asked.weights, asked.files, path, asked.turns)
    print(describe(result))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
