"""What the solver is given: checked, and an image made of depth where there is no other."""

import numpy as np

from skelflow.camera.depth_units import check_meters
from skelflow.errors import ConfigError, DataError
from skelflow.flow.depth_image import relief, shading
from skelflow.flow.presets import Preset
from skelflow.flow.state import Frame
from skelflow.types import Camera, Depth, Intensity


def checked_pair(
    intensities: tuple[Intensity | None, Intensity | None],
    depths: tuple[Depth, Depth],
    camera: Camera,
    preset: Preset,
) -> tuple[Frame, Frame]:
    """Both frames as the solver wants them.

    Raises
    ------
    DataError
        Sizes differ, values are not finite, depth is not in meters, or one intensity is missing.
    ConfigError
        The camera has another size.
    """
    if (intensities[0] is None) != (intensities[1] is None):
        raise DataError("scene flow: one frame has an intensity and the other has none")
    size = depths[0].shape
    for k in (0, 1):
        _check_field(f"depth{k}", depths[k], size)
        image = intensities[k]
        if image is not None:
            _check_field(f"intensity{k}", image, size)
        check_meters(f"scene flow: depth{k}", depths[k])
    if size != (camera.height, camera.width):
        raise ConfigError(
            f"scene flow: the camera is {camera.width} x {camera.height}, "
            f"the images are {size[1]} x {size[0]}"
        )
    if min(size) < 2:
        raise DataError(f"scene flow: images of {size} are too small, 2 x 2 at least")
    first, second = (
        Frame(depth_image(depth, camera, preset) if image is None else image, depth)
        for image, depth in zip(intensities, depths, strict=True)
    )
    return first, second


def depth_image(depth: Depth, camera: Camera, preset: Preset) -> Intensity:
    """The image made of depth that suits a preset: shading where contrast is evened out."""
    return shading(depth, camera) if preset.robust else relief(depth)


def _check_field(name: str, field: Depth, size: tuple[int, ...]) -> None:
    if field.shape != size:
        raise DataError(f"scene flow: {name} is {field.shape}, depth0 is {size}")
    if not np.isfinite(field).all():
        raise DataError(f"scene flow: {name} has NaN or infinite values; null depth is 0")
