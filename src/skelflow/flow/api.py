"""Scene flow of RGB-D frames: one function, whatever computes it and however many pairs."""

from collections.abc import Callable, Sequence
from functools import wraps
from numbers import Integral
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

import numpy as np
from jaxtyping import Float32

from skelflow.errors import ConfigError, DataError
from skelflow.flow.engines.registry import find_engine
from skelflow.flow.inputs import gather_pairs
from skelflow.flow.lens import bend_flows
from skelflow.flow.presets import DEFAULT_PRESET, Preset, find_preset
from skelflow.types import Camera

if TYPE_CHECKING:
    from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def _refuse_old_order(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if len(args) > 3 or (args and args[0] is None) or "intensity0" in kwargs:
            raise ConfigError(
                "scene flow: call it as scene_flow(depth0, depth1, camera, "
                "intensity=(gray0, gray1)), or without intensity for depth alone; "
                "found the former order (gray0, depth0, gray1, depth1)"
            )
        return function(*args, **kwargs)

    return call


if TYPE_CHECKING:

    @overload
    def scene_flow(
        depth0: Float32[np.ndarray, "*pairs h w"],
        depth1: Float32[np.ndarray, "*pairs h w"],
        camera: Camera | Sequence[Camera],
        *,
        intensity: tuple[np.ndarray | None, np.ndarray | None] | None = None,
        preset: str | Preset = DEFAULT_PRESET,
        engine: str | None = None,
        threads: int = 1,
    ) -> Float32[np.ndarray, "*pairs h w 3"]: ...

    @overload
    def scene_flow(
        depth0: Float32[Tensor, "*pairs h w"],
        depth1: Float32[Tensor, "*pairs h w"],
        camera: Camera | Sequence[Camera],
        *,
        intensity: tuple[Tensor | None, Tensor | None] | None = None,
        preset: str | Preset = DEFAULT_PRESET,
        engine: str | None = None,
        threads: int = 1,
    ) -> Float32[Tensor, "*pairs h w 3"]: ...


@_refuse_old_order
def scene_flow(
    depth0: Float32[Any, "*pairs h w"],
    depth1: Float32[Any, "*pairs h w"],
    camera: Camera | Sequence[Camera],
    *,
    intensity: tuple[Any, Any] | None = None,
    preset: str | Preset = DEFAULT_PRESET,
    engine: str | None = None,
    threads: int = 1,
) -> Float32[Any, "*pairs h w 3"]:
    """Dense 3D motion of every pixel of frame 0 that has depth.

    Parameters
    ----------
    depth0, depth1 : (h, w) float32, meters along the optical axis, 0 where there is none
        Or (pairs, h, w): many pairs at once. NumPy arrays, of any type of number, or torch tensors
        on any device.
    camera : Camera of the images' size
        For many pairs also a sequence of one each.
    intensity : (intensity0, intensity1), gray 0..255, shaped as the depth and registered to it
        None, or two of them, for depth alone: an image made of the depth stands in for it.
    preset : str or Preset
        "fast" is the quickest of ours, and "silhouette" the same, but for depth alone whose
        background is removed; "best" is the most accurate, and the one for motion of many
        pixels. "paper" is the authors' method to the letter, and
        "corrected" that method with the right gain at the border and the exact lift. Your own is
        given itself, or by name after `skelflow.flow.presets.register_preset`.
    engine : str
        What computes: "numba" is compiled for the CPU, and chosen for NumPy arrays; "torch" solves
        all pairs at once on the device of its tensors, and is chosen for tensors; "numpy" is the
        reference, slow and plain. All give the same flow to rounding; the match of "best" is
        OpenCV's in all of them, on the CPU. More can be added, see
        `skelflow.flow.engines.registry`.
    threads : int
        Threads on a pair, for engine "numba"; the flow is the same, bit for bit, whatever their
        number.

    Returns
    -------
    (h, w, 3) or (pairs, h, w, 3) float32, meters a frame in frame 0's camera: x right, y down, z
    away; 0 where frame 0 has no depth. Identical frames give exactly 0. The camera's own motion is
    part of the flow. Tensors give a tensor on their device, without gradient.

    Raises
    ------
    DataError
        Sizes, types or devices differ, values are not finite, depth is not in meters, gray not in
        0..255, or the flow would be infinite (of tensors that is not looked at: their device would
        have to wait).
    ConfigError
        The camera has another size or is none, the preset or the engine is unknown, or `threads` is
        no whole number of 1 or more.

    Notes
    -----
    Source: Jaimez et al., ICRA 2015, with the constants its authors published. May be called from
    several threads at once; each keeps the work memory of its last image size for its next call.

    Examples
    --------
    >>> camera = Camera.from_fov(40, 30, 62.5)
    >>> wall = np.full((30, 40), 2.0, np.float32)
    >>> float(np.abs(scene_flow(wall, wall, camera)).max())
    0.0
    >>> scene_flow(np.stack([wall, wall]), np.stack([wall, wall]), camera).shape
    (2, 30, 40, 3)
    """
    chosen = find_preset(preset)
    if not (isinstance(threads, Integral) and threads >= 1):
        raise ConfigError(
            f"scene flow: threads must be a whole number, at least 1, found {threads}"
        )
    pairs = gather_pairs(depth0, depth1, camera, intensity)
    suitable = "numba" if isinstance(depth0, np.ndarray) else "torch"
    flows = find_engine(engine or suitable)(pairs, preset=chosen, threads=threads)
    flows = bend_flows(flows, pairs, exact=chosen.exact_lift)
    if isinstance(flows, np.ndarray) and not np.isfinite(flows).all():  # a device would wait for it
        raise DataError(
            "scene flow: the motion is beyond what float32 holds; expected a camera and "
            "intensities as of a sensor (focal length near the image's width, gray from 0 to 255)"
        )
    return flows if depth0.ndim == 3 else flows[0]
