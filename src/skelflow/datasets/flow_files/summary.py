"""Statistics of the flow of a recording: how much moves, and how far."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from skelflow.datasets.flow_files.folder import FlowFolder
from skelflow.datasets.flow_files.format import STEP_M, FlowFile, read_flow
from skelflow.datasets.settings import MOVING_M
from skelflow.errors import DataError

_RANGE_SHARE = 0.995
_BINS = 32768  # of a tenth of a millimeter; the last one holds whatever is beyond


@dataclass(frozen=True)
class FlowSummary:
    """Figures over all pairs of a recording.

    Parameters
    ----------
    pairs : how many frame pairs.
    median_depth_m : median over the pairs of the median of frame 0's readings.
    moving_share : of the pixels with depth, those that move by more than 1 mm.
    mean_motion_mm : of these.
    largest_motion_mm : anywhere.
    largest_frame : first frame of the pair where that is.
    largest_pixel : its (x, y).
    range_m : what 99.5 % of the moving pixels' components stay below, whole millimeters.
    saturated : components of the flow that the int16 files could not hold.
    settings : how it was made.
    """

    pairs: int
    median_depth_m: float
    moving_share: float
    mean_motion_mm: float
    largest_motion_mm: float
    largest_frame: int
    largest_pixel: tuple[int, int]
    range_m: float
    saturated: int
    settings: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def summarize(folder: FlowFolder) -> FlowSummary:
    """Read all flow files of a folder once and count.

    Raises
    ------
    DataError
        There is no depth in any of the pairs.
    FormatError
        A file is damaged.
    """
    tally = _Tally()
    for t in folder.times:
        tally.add(t, read_flow(folder.file(t)))
    if not tally.seen:
        raise DataError(
            f"{folder.settings['recording']}: depth is 0 (no reading) in all of the "
            f"{len(folder.times)} frame pairs"
        )
    return tally.close(folder)


class _Tally:
    """Sums over flow files, one at a time."""

    def __init__(self) -> None:
        self.seen = self.moving = self.saturated = 0
        self.motion_m = 0.0
        self.largest = (-1.0, 0, (0, 0))  # meters, frame, pixel
        self.medians_m: list[float] = []
        self.components: Int64[np.ndarray, " bins"] = np.zeros(_BINS, np.int64)

    def add(self, t: int, flow: FlowFile) -> None:
        length = np.linalg.norm(flow.flow_m, axis=-1)
        moving = length > MOVING_M
        self.seen += int(flow.seen.sum())
        self.moving += int(moving.sum())
        self.saturated += flow.saturated
        self.motion_m += float(length[moving].sum(dtype=np.float64))
        if flow.seen.any():
            self.medians_m.append(flow.median_depth_m)
        y, x = np.unravel_index(int(length.argmax()), length.shape)
        if length[y, x] > self.largest[0]:
            self.largest = float(length[y, x]), t, (int(x), int(y))
        steps = np.rint(np.abs(flow.flow_m[moving]) / np.float32(STEP_M)).clip(0, _BINS - 1)
        self.components += np.bincount(steps.astype(np.int64).ravel(), minlength=_BINS)

    def close(self, folder: FlowFolder) -> FlowSummary:
        length_m, t, pixel = self.largest
        return FlowSummary(
            pairs=len(folder.times),
            median_depth_m=round(float(np.median(self.medians_m)), 3),
            moving_share=round(self.moving / self.seen, 5),
            mean_motion_mm=round(1000 * self.motion_m / max(self.moving, 1), 3),
            largest_motion_mm=round(1000 * length_m, 1),
            largest_frame=t,
            largest_pixel=pixel,
            range_m=self._range_m(),
            saturated=self.saturated,
            settings=folder.settings,
        )

    def _range_m(self) -> float:
        below = np.cumsum(self.components)
        top = int(np.searchsorted(below, _RANGE_SHARE * below[-1]))
        return max(round(top * STEP_M, 3), MOVING_M)
