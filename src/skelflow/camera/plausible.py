"""Cameras that none is like: intrinsics of another unit, resolution or kind."""

import math

from skelflow.errors import ConfigError
from skelflow.types import Camera

FOV_DEG = (10.0, 150.0)  # what the images of depth cameras span
_CENTER = (0.1, 0.9)  # of the image's width or height
_PIXEL_ASPECT = 2.0


def field_of_view_deg(camera: Camera) -> tuple[float, float]:
    """The angles that the image spans, horizontally and vertically, lens aside.

    Examples
    --------
    >>> [round(angle, 1) for angle in field_of_view_deg(Camera(640, 480, 525, 525, 319.5, 239.5))]
    [62.7, 49.1]
    """
    spans = (camera.width / camera.fx, camera.height / camera.fy)
    horizontal, vertical = (math.degrees(2 * math.atan(span / 2)) for span in spans)
    return horizontal, vertical


def check_camera(camera: Camera) -> None:
    """Refuse intrinsics that belong to no camera, or to images of another size.

    Raises
    ------
    ConfigError
        The field of view is below 10 or above 150 degrees, the principal point is at the edge of
        the image or outside, or pixels are more than twice as wide as tall (or the reverse).

    Examples
    --------
    >>> check_camera(Camera(640, 576, 0.49, 0.49, 0.49, 0.5))
    Traceback (most recent call last):
    ...
    skelflow.errors.ConfigError: camera: fx 0.49 in images 640 pixels wide is a field of view of \
180 degrees, expected 10 to 150; these look normalized: multiply fx and cx by the width, fy and \
cy by the height
    """
    horizontal, vertical = field_of_view_deg(camera)
    _check_angle(camera, "fx", camera.fx, "wide", camera.width, horizontal)
    _check_angle(camera, "fy", camera.fy, "tall", camera.height, vertical)
    _check_center("cx", camera.cx, "wide", camera.width)
    _check_center("cy", camera.cy, "tall", camera.height)
    if not 1 / _PIXEL_ASPECT <= camera.fx / camera.fy <= _PIXEL_ASPECT:
        raise ConfigError(
            f"camera: fx {camera.fx:g} and fy {camera.fy:g} make pixels that are not nearly "
            "square; expected focal lengths of one camera, in pixels"
        )


def _check_angle(
    camera: Camera, name: str, focal: float, way: str, side: int, angle: float
) -> None:
    nearest, widest = FOV_DEG
    if nearest <= angle <= widest:
        return
    raise ConfigError(
        f"camera: {name} {focal:.4g} in images {side} pixels {way} is a field of view of "
        f"{angle:.3g} degrees, expected {nearest:g} to {widest:g}; {_remedy(camera, angle)}"
    )


def _remedy(camera: Camera, angle: float) -> str:
    if max(camera.fx, camera.fy, camera.cx, camera.cy) < 2:
        return "these look normalized: multiply fx and cx by the width, fy and cy by the height"
    if angle < math.pi:
        return (
            f"is it an angle in radians? {angle:.4g} of them are {math.degrees(angle):.4g} degrees"
        )
    return "focal lengths are in pixels of this image (millimeters? another resolution?)"


def _check_center(name: str, value: float, way: str, side: int) -> None:
    lowest, highest = (share * side for share in _CENTER)
    if not lowest <= value <= highest:
        raise ConfigError(
            f"camera: {name} {value:.4g} in images {side} pixels {way} is at their edge or "
            f"outside, expected about {(side - 1) / 2:g}; are these the numbers of another "
            "resolution, or of images that were cropped since?"
        )
