"""Learning curves of a training run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skelflow.io.atomic import atomic_write

LOSSES = {"loss": "training", "held_out_loss": "held-out subjects", "test_loss": "test"}
SHARES = {"top1": "training", "held_out_top1": "held-out subjects"}
_COLORS = ("#1f4e79", "#b0651d", "#777777")


def save_curves(epochs: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw loss, accuracy and learning rate by epoch as a PNG.

    Parameters
    ----------
    epochs : lines of metrics.jsonl; None, as of a loss that is not finite, is left out.
    path : of the PNG; its folder must exist.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    loss, share, rate = figure.subplots(1, 3)
    _draw(loss, epochs, LOSSES, 1.0, "loss")
    _draw(share, epochs, SHARES, 100.0, "top-1, %")
    share.set_ylim(0, 100)
    _draw(rate, epochs, {"lr": ""}, 1.0, "learning rate")
    rate.set_yscale("log")
    with atomic_write(path) as aside:
        figure.savefig(aside, dpi=110, format="png")


def _draw(
    axes: Any,
    epochs: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    scale: float,
    title: str,
) -> None:
    for (key, label), color in zip(names.items(), _COLORS, strict=False):
        values = [(line["epoch"], line.get(key)) for line in epochs]
        points = [(epoch, scale * value) for epoch, value in values if value is not None]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, color=color, marker=".")
    axes.set_xlabel("epoch")
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(color="#dddddd")
    if axes.get_legend_handles_labels()[1] and any(names.values()):
        axes.legend(frameon=False, fontsize=8)
