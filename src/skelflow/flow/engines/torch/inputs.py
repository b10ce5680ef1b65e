"""What a batch of tensors must be: float32, on one device, in meters; checked with one read."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool
from torch import Tensor

from skelflow.camera.depth_units import MAX_DEPTH_M, MIN_DEPTH_M, check_meters
from skelflow.camera.gray_levels import BRIGHTEST, DARKEST, check_gray
from skelflow.errors import DataError
from skelflow.flow.engines.torch.camera import Fields

_LIKE = "depth0"  # what all others must be like


def check_tensors(fields: Mapping[str, Tensor | None]) -> None:
    """Refuse, with `DataError`, what is no float32 tensor or on another device than "depth0"."""
    device = getattr(fields[_LIKE], "device", None)
    for name, field in fields.items():
        if field is None:
            continue
        if not isinstance(field, Tensor):
            raise DataError(
                f"scene flow: {name} is of type {type(field).__name__}, expected a torch tensor"
            )
        if field.dtype != torch.float32:
            raise DataError(
                f"scene flow: {name} is {field.dtype}, expected torch.float32; use {name}.float()"
            )
        if field.device != device:
            raise DataError(f"scene flow: {name} is on {field.device}, {_LIKE} on {device}")


def check_values(fields: Mapping[str, Tensor | None]) -> None:
    """Refuse NaN and depth that is not in meters, with one read from the device.

    Only where that read finds a batch suspicious is it copied to the host, to say which pair is
    wrong and how to mend it.

    Raises
    ------
    DataError
        As `skelflow.camera.depth_units.check_meters`; or an intensity is not finite, or
        as `skelflow.camera.gray_levels.check_gray`.
    """
    given = {name: field for name, field in fields.items() if field is not None}
    flags = [
        _suspicious(field) if name.startswith("depth") else _suspicious_gray(field)
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


def _suspicious_gray(gray: Fields) -> Bool[Tensor, ""]:
    """Whether `check_gray` may refuse a pair; a comparison with NaN is false."""
    lowest, highest = gray.amin(dim=(1, 2)), gray.amax(dim=(1, 2))
    usual = (highest == 0) | ((highest > 1) & (highest <= BRIGHTEST))
    return torch.logical_and(lowest >= DARKEST, usual).logical_not().any()


def _explain(name: str, field: Fields) -> None:
    for pair, values in enumerate(field.cpu().numpy()):
        if name.startswith("depth"):
            check_meters(f"scene flow: {name} of pair {pair}", values)
        elif not torch.from_numpy(values).isfinite().all():
            raise DataError(f"scene flow: {name} of pair {pair} has NaN or infinite values")
        else:
            check_gray(f"scene flow: {name} of pair {pair}", values)
