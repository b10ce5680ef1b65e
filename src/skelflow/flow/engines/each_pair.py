"""Batches of NumPy arrays for engines that solve one pair at a time."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from skelflow.camera.depth_units import check_meters
from skelflow.camera.gray_levels import check_gray
from skelflow.errors import DataError
from skelflow.flow.engines.depth_image import is_masked, relief, shading, silhouette
from skelflow.flow.engines.match.frame_match import MatchImages
from skelflow.flow.inputs import Flows, FramePairs
from skelflow.flow.presets import Preset
from skelflow.flow.state import PyramidFrame
from skelflow.types import Camera, Depth, Flow, Intensity


@runtime_checkable
class SolvePair(Protocol):
    """What solves one pair."""

    def __call__(
        self,
        first: PyramidFrame,
        second: PyramidFrame,
        *,
        camera: Camera,
        match_images: MatchImages | None,
    ) -> Flow:
        """(h, w, 3) float32, meters; `match_images` are given for depth alone with a match."""


def solve_each(pairs: FramePairs, solve: SolvePair, *, preset: Preset) -> Flows:
    """The flows of all pairs, by a function that solves one.

    Parameters
    ----------
    pairs : NumPy arrays, as `skelflow.flow.inputs.gather_pairs` makes them.
    solve : what solves one of them.
    preset : decides which image of the depth stands for a missing intensity.

    Returns
    -------
    (pairs, h, w, 3) float32, meters.

    Raises
    ------
    DataError
        Not NumPy arrays, values are not finite, or depth is not in meters.
    """
    _check_values(pairs)
    return np.stack(
        [
            solve(*frames, camera=camera, match_images=match_images)
            for frames, camera, match_images in _each(pairs, preset)
        ]
    )


def _check_values(pairs: FramePairs) -> None:
    for name, field in zip(pairs._fields[:4], pairs[:4], strict=True):
        if field is None:
            continue
        if not isinstance(field, np.ndarray):
            raise DataError(
                f"scene flow: {name} is of type {type(field).__name__}, this engine takes NumPy "
                'arrays; use engine="torch", or none, for torch tensors'
            )
        for number, image in enumerate(field):
            label = name if len(field) == 1 else f"{name} of pair {number}"
            if not np.isfinite(image).all():
                raise DataError(f"scene flow: {label} has NaN or infinite values; null depth is 0")
            if name.startswith("depth"):
                check_meters(f"scene flow: {label}", image)
            else:
                check_gray(f"scene flow: {label}", image)


def _each(
    pairs: FramePairs, preset: Preset
) -> Iterator[tuple[tuple[PyramidFrame, PyramidFrame], Camera, MatchImages | None]]:
    count = len(pairs.depth0)
    for number, camera in enumerate(pairs.cameras * (count // len(pairs.cameras))):
        depth0, depth1 = _plain(pairs.depth0[number]), _plain(pairs.depth1[number])
        match_images = None
        if pairs.intensity0 is None or pairs.intensity1 is None:
            image0, image1 = (depth_image(depth, camera, preset) for depth in (depth0, depth1))
            if preset.match:
                match_images = MatchImages(image0, image1)
            if preset.silhouette and is_masked(depth0):
                image0, image1 = silhouette(depth0), silhouette(depth1)
        else:
            image0, image1 = _plain(pairs.intensity0[number]), _plain(pairs.intensity1[number])
        yield (PyramidFrame(image0, depth0), PyramidFrame(image1, depth1)), camera, match_images


def _plain(image: Intensity) -> Intensity:
    """The image as kernels are compiled for, copied where it is read-only or not contiguous."""
    return np.require(image, np.float32, ["C_CONTIGUOUS", "ALIGNED", "WRITEABLE"])


def depth_image(depth: Depth, camera: Camera, preset: Preset) -> Intensity:
    """The image made of depth that suits a preset: shading where contrast is evened out."""
    return shading(depth, camera) if preset.robust else relief(depth)
