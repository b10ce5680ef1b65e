"""Figures: the confusion matrix."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int

from skelflow.io.atomic import atomic_write


def save_confusion(
    confusion: Int[np.ndarray, "classes classes"], names: Sequence[str], path: Path
) -> None:
    """Draw a confusion matrix, rows = true actions, as a PNG; each row shows shares of 100 %.

    Parameters
    ----------
    confusion : (classes, classes), counts.
    names : of the classes, in the same order.
    path : of the PNG; its folder must exist.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    side = 3 + 0.28 * len(names)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = FigureCanvasAgg(figure).figure.add_subplot()
    image = axes.imshow(100 * share, cmap="magma_r", vmin=0, vmax=100)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    figure.colorbar(image, ax=axes, label="% of the true action", shrink=0.7)
    with atomic_write(path) as aside:
        figure.savefig(aside, dpi=120, format="png")
