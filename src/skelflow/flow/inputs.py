"""What every engine is given: frame pairs of one size, with a camera that has it too."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from skelflow.errors import ConfigError, DataError
from skelflow.types import Camera
from skelflow.wording import counted

Images = Float32[Any, "pairs h w"]  # NumPy arrays or torch tensors
Flows = Float32[Any, "pairs h w 3"]


class FramePairs(NamedTuple):
    """Frame pairs of one size, NumPy arrays or torch tensors; values not looked at yet.

    Parameters
    ----------
    depth0, depth1 : (pairs, h, w) float32, meters, 0 = no reading; tensors without gradient, and
        of whatever type they were given in.
    intensity0, intensity1 : (pairs, h, w) float32, gray 0..255; both None for depth alone.
    cameras : one for all pairs, or one for each.
    """

    depth0: Images
    depth1: Images
    intensity0: Images | None
    intensity1: Images | None
    cameras: tuple[Camera, ...]


def gather_pairs(
    depth0: Any,
    depth1: Any,
    camera: Camera | Sequence[Camera],
    intensity: tuple[Any, Any] | None,
) -> FramePairs:
    """The input of `scene_flow` as a batch; a single pair becomes a batch of one.

    Raises
    ------
    DataError
        One intensity is missing, or sizes differ or are not (h, w) or (pairs, h, w), or an array
        holds no real numbers.
    ConfigError
        A camera has another size or is none, or there are as many cameras as neither one nor the
        pairs.
    """
    intensity0, intensity1 = _both(intensity)
    if (intensity0 is None) != (intensity1 is None):
        raise DataError("scene flow: one frame has an intensity and the other has none")
    fields = {
        "depth0": depth0,
        "depth1": depth1,
        "intensity0": intensity0,
        "intensity1": intensity1,
    }
    check_shapes(fields)
    d0, d1, i0, i1 = (
        field[None] if field is not None and field.ndim == 2 else field
        for field in map(_plain, fields.values())
    )
    return FramePairs(d0, d1, i0, i1, check_cameras(camera, tuple(d0.shape)))


def _both(intensity: Any) -> tuple[Any, Any]:
    """The intensities of both frames."""
    try:
        intensity0, intensity1 = (None, None) if intensity is None else intensity
    except (TypeError, ValueError):
        raise DataError(
            "scene flow: intensity is not one image for each frame; expected "
            "intensity=(gray0, gray1), or none for depth alone"
        ) from None
    return intensity0, intensity1


def _plain(field: Any) -> Any:
    """NumPy arrays as float32 in this machine's byte order, tensors without their gradient."""
    if isinstance(field, np.ndarray):
        return np.asarray(field, np.float32)
    return field.detach() if hasattr(field, "detach") else field


def check_shapes(fields: dict[str, Any]) -> None:
    """Refuse, with `DataError`, images of different or impossible sizes; `fields` by name."""
    size = _shape("depth0", fields["depth0"])
    if len(size) not in (2, 3):
        raise DataError(f"scene flow: depth0 is {size}, expected (h, w) or (pairs, h, w)")
    for name, field in fields.items():
        if field is not None and _shape(name, field) != size:
            raise DataError(f"scene flow: {name} is {_shape(name, field)}, depth0 is {size}")
    if min(size[-2:]) < 2 or 0 in size:
        raise DataError(f"scene flow: depth0 is {size}, expected a pair of 2 x 2 at least")


def _shape(name: str, field: Any) -> tuple[int, ...]:
    if not hasattr(field, "shape"):
        found = type(field).__name__
        raise DataError(
            f"scene flow: {name} is of type {found}, expected a NumPy array or torch tensor"
        )
    if isinstance(field, np.ma.MaskedArray):
        raise DataError(
            f"scene flow: {name} is a masked array, whose mask would be lost; give "
            f"{name}.filled(0) instead (depth 0 is no reading)"
        )
    if isinstance(field, np.ndarray) and field.dtype.kind not in "fiub":
        raise DataError(f"scene flow: {name} is an array of {field.dtype}, expected float32")
    return tuple(field.shape)


def check_cameras(
    camera: Camera | Sequence[Camera], shape: tuple[int, int, int]
) -> tuple[Camera, ...]:
    """The camera of all (pairs, h, w) images, or one for each pair.

    Raises
    ------
    ConfigError
        Another number of cameras than pairs, or a camera of another size, or something else.
    """
    pairs, height, width = shape
    cameras = tuple(camera) if isinstance(camera, Iterable) else (camera,)
    for one in cameras:
        if not isinstance(one, Camera):
            raise ConfigError(
                f"scene flow: the camera is of type {type(one).__name__}, expected a "
                "skelflow.Camera of the images' size, or one for each pair"
            )
    if not isinstance(camera, Camera) and len(cameras) != pairs:
        raise ConfigError(
            f"scene flow: {counted(len(cameras), 'camera')} for {counted(pairs, 'pair')}; "
            "or give just one"
        )
    for one in cameras:
        if (one.height, one.width) != (height, width):
            raise ConfigError(
                f"scene flow: the camera is {one.width} x {one.height}, "
                f"the images are {width} x {height}"
            )
    return cameras
