"""What a batch of frame pairs must be: one size, one device, meters; checked with one read."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from skelflow.camera.depth_units import MAX_DEPTH_M, MIN_DEPTH_M, check_meters
from skelflow.errors import ConfigError, DataError
from skelflow.flow.engines.torch.camera import Fields
from skelflow.types import Camera

_LIKE = "depth0"  # what all others must be like


def check_shapes(fields: Mapping[str, Tensor | None]) -> None:
    """Refuse a batch that cannot be solved, by what is known without its values.

    Parameters
    ----------
    fields : "depth0", "depth1", "intensity0", "intensity1"; both intensities may be None.

    Raises
    ------
    DataError
        One intensity is missing, or sizes, types or devices differ or are not what is expected.
    """
    if (fields["intensity0"] is None) != (fields["intensity1"] is None):
        raise DataError("scene flow: one frame has an intensity and the other has none")
    like = fields[_LIKE]
    for name, field in fields.items():
        if field is None or like is None:
            continue
        shape = tuple(field.shape)
        if field.ndim != 3:
            raise DataError(
                f"scene flow: {name} is {shape}, expected (pairs, height, width); "
                "one pair is field[None]"
            )
        if shape != tuple(like.shape):
            raise DataError(f"scene flow: {name} is {shape}, {_LIKE} is {tuple(like.shape)}")
        if field.dtype != torch.float32:
            raise DataError(
                f"scene flow: {name} is {field.dtype}, expected torch.float32; use {name}.float()"
            )
        if field.device != like.device:
            raise DataError(f"scene flow: {name} is on {field.device}, {_LIKE} on {like.device}")
        if shape[0] < 1 or min(shape[1:]) < 2:
            raise DataError(f"scene flow: {name} is {shape}, expected a pair of 2 x 2 at least")


def check_cameras(camera: Camera | Sequence[Camera], depth: Fields) -> list[Camera]:
    """One camera for all pairs, or one for each, of the images' size.

    Raises
    ------
    ConfigError
        Another number of cameras than pairs, or a camera of another size.
    """
    cameras = [camera] if isinstance(camera, Camera) else list(camera)
    pairs, height, width = depth.shape
    if not isinstance(camera, Camera) and len(cameras) != pairs:
        raise ConfigError(f"scene flow: {len(cameras)} cameras for {pairs} pairs; or give just one")
    for one in cameras:
        if (one.height, one.width) != (height, width):
            raise ConfigError(
                f"scene flow: the camera is {one.width} x {one.height}, "
                f"the images are {width} x {height}"
            )
    return cameras


def check_values(fields: Mapping[str, Tensor | None]) -> None:
    """Refuse NaN and depth that is not in meters, with one read from the device.

    Only where that read finds a batch suspicious is it copied to the host, to say which pair is
    wrong and how to mend it.

    Raises
    ------
    DataError
        As `skelflow.camera.depth_units.check_meters`; or an intensity is not finite.
    """
    given = {name: field for name, field in fields.items() if field is not None}
    flags = [
        _suspicious(field) if name.startswith("depth") else field.isfinite().logical_not().any()
        for name, field in given.items()
    ]
    if bool(torch.stack(flags).any()):
        for name, field in given.items():
            _explain(name, field)


def _suspicious(depth: Fields) -> Bool[Tensor, ""]:
    """Whether `check_meters` would refuse a pair; a comparison with NaN is false."""
    lowest, highest = depth.amin(dim=(1, 2)), depth.amax(dim=(1, 2))
    usual = (highest == 0) | ((highest >= MIN_DEPTH_M) & (highest <= MAX_DEPTH_M))
    return torch.logical_and(lowest >= 0, usual).logical_not().any()


def _explain(name: str, field: Fields) -> None:
    for pair, values in enumerate(field.cpu().numpy()):
        if name.startswith("depth"):
            check_meters(f"scene flow: {name} of pair {pair}", values)
        elif not torch.from_numpy(values).isfinite().all():
            raise DataError(f"scene flow: {name} of pair {pair} has NaN or infinite values")
