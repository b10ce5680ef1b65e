"""What a training step and a prediction cost: attention, bare C3D, and the processor's own bound.

The methods take turns in one run, and every ratio is taken within a turn, so that a machine that
slows down slows all of them. With one thread processor time is counted, which other programs
disturb less. The bound is the time that the network's multiplications would take
at the rate of the fastest of three matrix products of that turn.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the command line does

import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from skelflow.datasets.loading.batch import Batch
from skelflow.models.flow.c3d import LEVELS, C3dTrunk
from skelflow.models.registry import create_model
from skelflow.training.config import OptimSection
from skelflow.training.optimizer import make_optimizer

EXAMPLE = "example: python -m benchmarks.train_step --clips 2 --turns 5 --json train_step.json"
BARE, MATRIX = "c3d", "matrix product"
SIDES = (1024, 2048, 3072)
CLASSES = 60


class TextbookC3d(nn.Module):
    """C3D as it is usually written: layers one after the other, the default memory format."""

    def __init__(self, trunk: C3dTrunk, head: nn.Linear) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, level in enumerate(LEVELS):
            for name in level:
                layer = trunk.get_submodule(name)
                assert isinstance(layer, nn.Conv3d)
                layers += [nn.Conv3d(layer.in_channels, layer.out_channels, 3, padding=1)]
                layers += [nn.ReLU()]
            kernel = (1 if number == 0 else 2, 2, 2)
            layers += [nn.MaxPool3d(kernel, ceil_mode=number == 4)]
        for dense in (trunk.fc6, trunk.fc7):
            layers += [nn.Flatten(), nn.Linear(dense.in_features, dense.out_features)]
            layers += [nn.ReLU(), nn.Dropout()]
        self.layers = nn.Sequential(*layers, nn.Linear(head.in_features, head.out_features))

    def forward(self, batch: Batch) -> torch.Tensor:
        """Class logits."""
        return self.layers(batch.flow)


def make_methods(width: float) -> dict[str, nn.Module]:
    """The networks that take turns."""
    options = {"width": width, "classes": CLASSES, "initialization": "he"}
    networks: dict[str, nn.Module] = {
        name: create_model(name, **options) for name in (BARE, "c3d_at1", "c3d_at2")
    }
    bare = networks[BARE]
    return {"textbook c3d": TextbookC3d(bare.flow, bare.head), **networks}


def make_batch(clips: int) -> Batch:
    """Clips of noise, and a body of 25 joints that stands in them."""
    random = torch.Generator().manual_seed(0)
    joints_px = 56 + 25 * torch.randn(clips, 16, 2, 25, 2, generator=random)
    joints_px[:, :, 1] = torch.nan
    joints_m = torch.randn(clips, 300, 2, 25, 3, generator=random)
    joints_m[:, :, 1] = torch.nan
    index = torch.arange(clips)
    flow = torch.rand(clips, 3, 16, 112, 112, generator=random) * 2 - 1
    return Batch(flow, joints_px, joints_m, index % CLASSES, index)


def make_step(network: nn.Module, batch: Batch, *, textbook: bool) -> Callable[[], None]:
    """One step of training, as the loop takes it."""
    optim = OptimSection(lr=1e-6)
    optimizer: torch.optim.Optimizer
    if textbook:
        weights = network.parameters()
        optimizer = torch.optim.SGD(weights, lr=optim.lr, momentum=optim.momentum, nesterov=True)
    else:
        optimizer = make_optimizer(network, optim)

    def step() -> None:
        network.train()
        optimizer.zero_grad()
        functional.cross_entropy(network(batch), batch.label).backward()
        optimizer.step()

    return step


def make_prediction(network: nn.Module, batch: Batch) -> Callable[[], None]:
    """One batch through the network."""

    @torch.inference_mode()
    def predict() -> None:
        network.eval()
        network(batch)

    return predict


def measure(call: Callable[[], object]) -> float:
    """Seconds of one call: of the clock, or of one thread's own work on a busy machine."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    before = clock()
    call()
    return clock() - before


def matrix_rate() -> float:
    """Operations a second of the fastest matrix product."""
    rates = []
    for side in SIDES:
        a, b = torch.rand(side, side), torch.rand(side, side)
        out = a @ b
        seconds = min(measure(partial(torch.mm, a, b, out=out)) for _ in range(3))
        rates.append(2 * side**3 / seconds)
    return max(rates)


def count_operations(width: float, *, train: bool) -> int:
    """Multiplications and additions of the bare network, for one clip."""
    with torch.device("meta"):
        network = create_model(BARE, width=width, classes=CLASSES)
        batch = Batch(torch.empty(1, 3, 16, 112, 112), *[torch.empty(1)] * 4)
        with FlopCounterMode(display=False) as counter:
            logits = network(batch)
            if train:
                logits.sum().backward()
    return counter.get_total_flops()


def take_turns(calls: dict[str, Callable[[], None]], turns: int) -> dict[str, list[float]]:
    """Seconds of every call in every turn, and the rate of the matrix product in it."""
    for call in calls.values():
        call()
    matrix_rate()
    found: dict[str, list[float]] = {name: [] for name in (MATRIX, *calls)}
    for turn in range(turns):
        found[MATRIX].append(matrix_rate())
        order = list(calls)[turn % len(calls) :] + list(calls)[: turn % len(calls)]
        for name in order:
            found[name].append(measure(calls[name]))
    return found


def compare(found: dict[str, list[float]], operations: float) -> dict[str, dict[str, float]]:
    """Each method's median, beside the bare network and the bound of the same turns."""
    rows = {}
    for name, seconds in found.items():
        if name == MATRIX:
            continue
        over = [s / bare for s, bare in zip(seconds, found[BARE], strict=True)]
        share = [operations / r / s for s, r in zip(seconds, found[MATRIX], strict=True)]
        rows[name] = {
            "seconds": statistics.median(seconds),
            "fastest_s": min(seconds),
            "over_bare": statistics.median(over),
            "over_bare_fastest": min(seconds) / min(found[BARE]),
            "share_of_bound": statistics.median(share),
        }
    return rows


def run(width: float, clips: int, turns: int) -> dict[str, object]:
    """All figures of one run."""
    batch, networks = make_batch(clips), make_methods(width)
    result: dict[str, object] = {
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "width": width,
        "clips": clips,
        "turns": turns,
    }
    for what in ("training", "inference"):
        calls = {
            name: make_step(network, batch, textbook=name not in (BARE, "c3d_at1", "c3d_at2"))
            if what == "training"
            else make_prediction(network, batch)
            for name, network in networks.items()
        }
        found = take_turns(calls, turns)
        operations = clips * count_operations(width, train=what == "training")
        result[what] = {
            "gflop": operations / 1e9,
            "matrix_gflop_s": statistics.median(found[MATRIX]) / 1e9,
            "methods": compare(found, operations),
        }
    return result


def main() -> None:
    """Print a table; with --json, write all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=EXAMPLE)
    parser.add_argument("--width", type=float, default=1.0, help="multiplier of layer widths")
    parser.add_argument("--clips", type=int, default=2, help="in a batch")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, help="all cores by default; 1: processor time")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    result = run(asked.width, asked.clips, asked.turns)
    for what in ("training", "inference"):
        part = result[what]
        print(f"{what}: {part['gflop']:.0f} GFLOP, matrix {part['matrix_gflop_s']:.0f} GFLOP/s")
        for name, row in part["methods"].items():
            print(
                f"  {name:14} {row['seconds']:7.3f} s  over bare {row['over_bare'] - 1:+6.1%} "
                f"(fastest {row['over_bare_fastest'] - 1:+6.1%})  "
                f"share of the bound {row['share_of_bound']:.0%}"
            )
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
