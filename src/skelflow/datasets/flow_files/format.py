"""Scene flow in files: int16 tenths of millimeters by default, float32 on request."""

from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from skelflow.errors import ConfigError, DataError, FormatError
from skelflow.io.arrays import read_arrays
from skelflow.io.atomic import atomic_write
from skelflow.io.files import trouble
from skelflow.types import Camera, Depth, Flow

STEP_M = 1e-4  # one unit of the int16 flow

_LIMIT = 32767


@dataclass(frozen=True)
class FlowFile:
    """The flow of one frame pair, as a file holds it.

    Parameters
    ----------
    flow_m : (h, w, 3) float32, meters a frame pair; x right, y down, z away; 0 without depth.
    seen : (h, w) bool, where frame 0 has depth: 0 elsewhere means unknown, not at rest.
    camera : of both.
    median_depth_m : of frame 0's readings, 0 when there are none.
    saturated : how many of the flow's components lay beyond 3.2767 m and were cut to it.
    """

    flow_m: Flow
    seen: Bool[np.ndarray, "h w"]
    camera: Camera
    median_depth_m: float = 0.0
    saturated: int = 0


def load_flow(path: str | Path) -> Flow:
    """The flow in a file that `skelflow flow` made.

    Returns
    -------
    (h, w, 3) float32, meters a frame pair in frame 0's camera: x right, y down, z away.

    Raises
    ------
    FormatError
        The file is missing, damaged or holds no flow.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "flow.npz"
    ...     depth, camera = np.ones((2, 2), np.float32), Camera.from_fov(2, 2, 60)
    ...     _ = save_flow(path, np.full((2, 2, 3), 0.0123, np.float32), depth, camera)
    ...     float(load_flow(path)[0, 0, 0])
    0.012299999594688416
    """
    return read_flow(path).flow_m


def read_flow(path: str | Path) -> FlowFile:
    """Everything in a flow file; raises as `load_flow`."""
    path = Path(path)
    if reason := trouble(path):
        raise FormatError(f"{path} {reason}; expected a flow_*.npz")
    try:
        content = read_arrays(path)
        flow, scale = content["flow"], np.float32(content["scale_m"])
        width, height, *lens = content["camera"].tolist()
        size = int(height), int(width)
        return FlowFile(
            flow_m=_flow_m(flow, scale, (*size, 3)),
            seen=_seen(content["seen"], size),
            camera=Camera(int(width), int(height), *lens),
            median_depth_m=float(content["median_depth_m"]),
            saturated=int(content["saturated"]),
        )
    except (FormatError, ConfigError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise FormatError(
            f"{path}: no flow that can be read, or damaged ({error}); expected a flow_*.npz of "
            "`skelflow flow`: remove it and run the command again"
        ) from error


def _flow_m(flow: np.ndarray, scale: np.float32, shape: tuple[int, int, int]) -> Flow:
    """The stored flow in meters; `ValueError` where it is none."""
    if flow.shape != shape or flow.dtype not in (np.int16, np.float32):
        raise ValueError(f"its flow is {flow.dtype} of the size {flow.shape}, expected {shape}")
    flow_m: Flow = flow.astype(np.float32) * scale if flow.dtype == np.int16 else flow
    if not np.isfinite(flow_m).all():
        raise ValueError("its flow has NaN or infinite values")
    return flow_m


def _seen(seen: np.ndarray, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Where the stored flow is known; `ValueError` where that is not said of its pixels."""
    if seen.shape != size or seen.dtype != np.bool_:
        raise ValueError(f"its seen is {seen.dtype} of the size {seen.shape}, expected {size}")
    return seen


def save_flow(
    path: str | Path, flow_m: Flow, depth: Depth, camera: Camera, *, lossless: bool = False
) -> FlowFile:
    """Write the flow of one pair, whole or not at all.

    Parameters
    ----------
    path : the `.npz`; its folder must exist.
    flow_m : (h, w, 3) float32, meters.
    depth : (h, w) float32, frame 0's, meters, 0 = no reading.
    camera : of both.
    lossless : float32 instead of int16 tenths of millimeters.

    Returns
    -------
    FlowFile : what is in the file now, rounding and saturation included.

    Raises
    ------
    DataError
        The flow is not finite, or not of the depth's or the camera's size, or the file cannot be
        written.
    """
    _check_sizes(path, flow_m.shape, depth.shape, camera)
    flow_m = flow_m.astype(np.float32, copy=False)
    if not np.isfinite(flow_m).all():
        raise DataError(f"{path}: the flow has NaN or infinite values; nothing was written")
    units = np.rint(flow_m / np.float32(STEP_M))
    saturated = 0 if lossless else int((np.abs(units) > _LIMIT).sum())
    stored = flow_m if lossless else units.clip(-_LIMIT, _LIMIT).astype(np.int16)
    scale = np.float32(1 if lossless else STEP_M)
    seen = depth > 0
    median = float(np.median(depth[seen])) if seen.any() else 0.0
    with atomic_write(Path(path)) as aside, aside.open("wb") as stream:
        np.savez_compressed(
            stream,
            flow=stored,
            scale_m=scale,
            seen=seen,
            camera=np.array(astuple(camera), np.float64),
            median_depth_m=np.float64(median),
            saturated=np.int64(saturated),
        )
    kept = flow_m if lossless else stored.astype(np.float32) * scale
    return FlowFile(kept, seen, camera, median, saturated)


def _check_sizes(
    path: str | Path, flow: tuple[int, ...], depth: tuple[int, ...], camera: Camera
) -> None:
    """Refuse to write what `read_flow` would refuse to read."""
    size = camera.height, camera.width
    if flow != (*size, 3) or depth != size:
        raise DataError(
            f"{path}: the flow is {flow}, the depth {depth} and the camera {camera.width} x "
            f"{camera.height}, expected (h, w, 3), (h, w) and w x h; nothing was written"
        )
