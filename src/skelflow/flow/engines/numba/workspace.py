"""The solver's memory for one image size: laid out once, used again for every pair."""

import threading
from typing import Any, NamedTuple

import numpy as np

from skelflow.flow.engines.numba.kernels import CHANNELS
from skelflow.flow.engines.numba.row_layout import Rows, allocate
from skelflow.flow.pyramid_sizes import padded_size
from skelflow.flow.state import Field, PyramidFrame, Resized


class LevelMemory(NamedTuple):
    """The arrays of one pyramid level, made once and written over by every pair."""

    first: PyramidFrame
    second: PyramidFrame
    gradients: np.ndarray[Any, np.dtype[np.float32]]  # (h, w, 8), by `kernels.differentiate`
    gain: Field  # of brightness, by `robust.contrast_gain`
    noise: Field  # variance of the depth residual; 0 but at the finest level
    rows: Rows  # all fields of the iteration, see `row_layout`


class Workspace:
    """Arrays of every level, finest first.

    Parameters
    ----------
    height, width, levels : int
        Size of the frames before padding, pixels; number of pyramid levels.
    """

    def __init__(self, height: int, width: int, levels: int) -> None:
        self.key = (height, width, levels)
        tall, wide = padded_size(height, width, levels)
        sizes = [(tall >> level, wide >> level) for level in range(levels)]
        self.levels = [_level_memory(*size) for size in sizes]

        self.smoothed = _frame(height, width)
        self.scratch = _frame(height, width)
        self.noise = np.zeros((height, width), np.float32)


def copy_padded(field: Field, padded: Resized) -> None:
    """Copy a field into a larger one; repeat its last row and column up to the sides."""
    height, width = field.shape
    padded[:height, :width] = field
    padded[:height, width:] = field[:, -1:]
    padded[height:] = padded[height - 1]


def _level_memory(height: int, width: int) -> LevelMemory:
    gradients = np.zeros((height, width, CHANNELS), np.float32)
    gain, noise = np.empty((height, width), np.float32), np.zeros((height, width), np.float32)
    return LevelMemory(
        _frame(height, width),
        _frame(height, width),
        gradients,
        gain,
        noise,
        allocate(height, width),
    )


def _frame(height: int, width: int) -> PyramidFrame:
    return PyramidFrame(*(np.zeros((height, width), np.float32) for _ in PyramidFrame._fields))


_kept = threading.local()


def workspace_of_thread(height: int, width: int, levels: int) -> Workspace:
    """This thread's workspace of its last call when the size is the same, else a new one."""
    kept: Workspace | None = getattr(_kept, "workspace", None)
    if kept is None or kept.key != (height, width, levels):
        kept = _kept.workspace = Workspace(height, width, levels)
    return kept
