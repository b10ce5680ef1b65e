"""How good a scene flow is, measured against the truth."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from skelflow.camera.pinhole import project, unproject
from skelflow.errors import DataError
from skelflow.types import Camera, Depth, Flow

Mask = Bool[np.ndarray, "h w"]
Vectors = Float64[np.ndarray, "pixels 3"]
Ends = Float64[np.ndarray, "pixels axes"]  # three axes in meters, or two in pixels

NEAREST_M = 0.01  # where a point counts as being that an estimate moves to or behind the camera


class EndPointErrors(NamedTuple):
    """Errors over one region: `pixels` counted, 3D distances in meters, in the image in pixels."""

    pixels: int
    mean_m: float
    median_m: float
    accuracy: float
    mean_px: float


def end_point_error(flow_m: Flow, truth_m: Flow, *, valid: Mask | None = None) -> float:
    """Mean 3D distance between an estimated and a true scene flow.

    Parameters
    ----------
    flow_m, truth_m : (h, w, 3) float32, meters a frame; x right, y down, z away.
    valid : (h, w) bool
        Pixels that count, as far as their truth is finite; all by default.

    Returns
    -------
    float, meters.

    Raises
    ------
    DataError
        The shapes differ, no pixel is valid, or the estimate is not finite at a valid one.

    Notes
    -----
    Source: Vedula et al. (2005), section 5.

    Examples
    --------
    >>> still = np.zeros((2, 2, 3), np.float32)
    >>> end_point_error(still, still + np.float32([0.003, 0.0, 0.004]))  # doctest: +ELLIPSIS
    0.005...
    """
    return float(_distances(*select_valid(flow_m, truth_m, valid)).mean())


def median_end_point_error(flow_m: Flow, truth_m: Flow, *, valid: Mask | None = None) -> float:
    """Median 3D distance between an estimated and a true scene flow.

    Parameters, errors: as `end_point_error`.

    Returns
    -------
    float, meters.

    Examples
    --------
    >>> still = np.zeros((1, 3, 3), np.float32)
    >>> median_end_point_error(still, still + np.float32([[[0.0], [0.0], [9.0]]]))
    0.0
    """
    return float(np.median(_distances(*select_valid(flow_m, truth_m, valid))))


def accuracy(
    flow_m: Flow,
    truth_m: Flow,
    *,
    valid: Mask | None = None,
    within_m: float = 0.05,
    within_share: float = 0.1,
) -> float:
    """Share of pixels whose flow is right within a distance or within a share of the motion.

    Parameters
    ----------
    flow_m, truth_m, valid : as in `end_point_error`.
    within_m : float, meters.
    within_share : float
        Of the length of the true motion. A pixel is right when its error is below either bound.

    Returns
    -------
    float in [0, 1].

    Raises
    ------
    DataError
        As `end_point_error`.

    Notes
    -----
    Source: Gu et al., HPLFlowNet (2019), whose strict accuracy is 0.05 m or 0.05 and whose relaxed
    one is 0.1 m or 0.1; Liu et al., FlowNet3D (2019), introduced both. The defaults, 0.05 m or
    0.1, lie between them.

    Examples
    --------
    >>> truth = np.ones((1, 2, 3), np.float32)
    >>> accuracy(truth * np.float32([[[1.05], [1.2]]]), truth)
    0.5
    """
    flow, truth = select_valid(flow_m, truth_m, valid)
    error = _distances(flow, truth)
    right = (error < within_m) | (error < within_share * np.linalg.norm(truth, axis=-1))
    return float(right.mean())


def end_point_error_px(
    flow_m: Flow, truth_m: Flow, depth_m: Depth, *, camera: Camera, valid: Mask | None = None
) -> float:
    """Mean distance, in the image, between where a point is said to go and where it goes.

    Parameters
    ----------
    flow_m, truth_m : (h, w, 3) float32, meters a frame.
    depth_m : (h, w) float32, meters; pixels without depth do not count.
    camera : Camera of the same size.
    valid : (h, w) bool
        Pixels that count, as far as their truth is finite and before the camera.

    Returns
    -------
    float, pixels. A point that the estimate moves behind the camera is put 1 cm before it.

    Raises
    ------
    DataError
        As `end_point_error`, or the camera has another size.

    Examples
    --------
    >>> camera = Camera(4, 3, 100.0, 100.0, 1.5, 1.0)
    >>> wall, still = np.full((3, 4), 2.0, np.float32), np.zeros((3, 4, 3), np.float32)
    >>> round(end_point_error_px(still + np.float32([0.1, 0, 0]), still, wall, camera=camera), 4)
    5.0
    """
    check_size("flow", flow_m.shape[:2], camera)
    check_size("depth", depth_m.shape, camera)
    points = unproject(depth_m, camera).astype(np.float64)
    ahead = (depth_m > 0) & (depth_m + truth_m[..., 2] > 0)
    flow, truth, start = select_valid(
        flow_m, truth_m, ahead if valid is None else ahead & valid, points
    )
    ends = start + flow, start + truth
    for end in ends:
        end[..., 2] = np.maximum(end[..., 2], NEAREST_M)
    return float(_distances(*(project(end, camera) for end in ends)).mean())


def measure_flow(
    flow_m: Flow,
    truth_m: Flow,
    depth_m: Depth,
    *,
    camera: Camera,
    regions: Mapping[str, Mask] | None = None,
) -> dict[str, EndPointErrors]:
    """Every error against the truth, over all pixels with depth and region by region.

    Parameters
    ----------
    flow_m, truth_m : (h, w, 3) float32, meters a frame.
    depth_m : (h, w) float32, meters, frame 0; pixels without depth do not count.
    camera : Camera of the same size.
    regions : name -> (h, w) bool
        For instance "boundary", "untextured", "occluded", "moving".

    Returns
    -------
    dict of EndPointErrors
        "all" and the regions; a region none of whose pixels counts is left out.

    Raises
    ------
    DataError
        As `end_point_error`.

    Examples
    --------
    >>> camera = Camera.from_fov(4, 3, 60.0)
    >>> wall, still = np.full((3, 4), 2.0, np.float32), np.zeros((3, 4, 3), np.float32)
    >>> measure_flow(still, still, wall, camera=camera, regions={"boundary": wall < 0})
    {'all': EndPointErrors(pixels=12, mean_m=0.0, median_m=0.0, accuracy=1.0, mean_px=0.0)}
    """
    known = (depth_m > 0) & np.isfinite(truth_m).all(axis=-1)
    found = {"all": _measure(flow_m, truth_m, depth_m, camera, known)}
    for name, region in (regions or {}).items():
        if (known & region).any():
            found[name] = _measure(flow_m, truth_m, depth_m, camera, known & region)
    return found


def _measure(
    flow_m: Flow, truth_m: Flow, depth_m: Depth, camera: Camera, valid: Mask
) -> EndPointErrors:
    return EndPointErrors(
        pixels=int(valid.sum()),
        mean_m=end_point_error(flow_m, truth_m, valid=valid),
        median_m=median_end_point_error(flow_m, truth_m, valid=valid),
        accuracy=accuracy(flow_m, truth_m, valid=valid),
        mean_px=end_point_error_px(flow_m, truth_m, depth_m, camera=camera, valid=valid),
    )


def select_valid(
    flow_m: Flow, truth_m: Flow, valid: Mask | None, *others: Float64[np.ndarray, "h w 3"]
) -> tuple[Vectors, ...]:
    """The vectors of the pixels that count, in float64; refuses what leaves none, or no number."""
    if flow_m.shape != truth_m.shape:
        raise DataError(f"flow error: the flow is {flow_m.shape}, the truth is {truth_m.shape}")
    counted = np.isfinite(truth_m).all(axis=-1)
    if valid is not None:
        if valid.shape != counted.shape:
            raise DataError(f"flow error: the mask is {valid.shape}, the flow is {flow_m.shape}")
        counted &= valid
    if not counted.any():
        raise DataError("flow error: no pixel is valid; give a mask and a truth that overlap")
    strange = int((~np.isfinite(flow_m[counted])).any(axis=-1).sum())
    if strange:
        raise DataError(
            f"flow error: the flow is NaN or infinite at {strange} of {int(counted.sum())} valid "
            f"pixels; leave them out with `valid=`"
        )
    return tuple(field[counted].astype(np.float64) for field in (flow_m, truth_m, *others))


def _distances(ends: Ends, others: Ends) -> Float64[np.ndarray, " pixels"]:
    return np.asarray(np.linalg.norm(ends - others, axis=-1))


def check_size(name: str, shape: tuple[int, ...], camera: Camera) -> None:
    """Refuse a field that is not of the camera's size."""
    if shape != (camera.height, camera.width):
        raise DataError(
            f"flow error: the {name} is {shape[1]} x {shape[0]}, "
            f"the camera is {camera.width} x {camera.height}"
        )
