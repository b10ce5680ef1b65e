"""The part of the depth image that is solved, and its resolution."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.datasets.prepare.person import person_window
from skelflow.datasets.settings import FlowSettings
from skelflow.flow.engines.numba.pyramid import halve_depth, halve_intensity
from skelflow.types import Camera, Color, Depth, Flow, Intensity, Recording, Window

MARGIN_PX = 16  # around the crop, depth-image pixels: what moves in from outside is still seen

ClipFlow = Float32[np.ndarray, "clip_h clip_w 3"]
Plane = Float32[np.ndarray, "h2 w2"]


@dataclass(frozen=True)
class Region:
    """The image that is solved instead of the whole one, and where the clip lies in it.

    Parameters
    ----------
    camera : of the solved image.
    x0, y0 : the clip's corner in the solved image, pixels; negative where it begins outside.
    width, height : of the clip in the solved image, before it is resized.
    take_depth, take_image : from a whole image to the solved one.
    """

    camera: Camera
    x0: int
    y0: int
    width: int
    height: int
    take_depth: Callable[[Depth], Plane]
    take_image: Callable[[Intensity], Plane]

    def view(self, recording: Recording) -> Recording:
        """The recording with images of the solved region; frames stay lazy."""
        color, infrared = recording.color, recording.infrared
        if color is not None and recording.color_projection is None:
            color = color.map(self._take_color)
        if infrared is not None:
            infrared = infrared.map(self.take_image)
        return replace(
            recording,
            camera=self.camera,
            depth=recording.depth.map(self.take_depth),
            infrared=infrared,
            color=color,
        )

    def cut(self, flow_m: Flow, size: tuple[int, int]) -> ClipFlow:
        """The clip's flow out of the solved image's, resized to `size` = (width, height).

        What lies outside the solved image does not move. Meters stay meters at any size.
        """
        rows, below = _span(self.y0, self.height, len(flow_m))
        columns, beside = _span(self.x0, self.width, flow_m.shape[1])
        window = flow_m[rows, columns]
        if any((*below, *beside)):
            window = np.pad(window, (below, beside, (0, 0)))
        if size == (self.width, self.height):
            return window.copy()
        return np.asarray(cv2.resize(window, size, interpolation=cv2.INTER_AREA), np.float32)

    def _take_color(self, color: Color) -> UInt8[np.ndarray, "h2 w2 3"]:
        planes = [self.take_image(color[..., i].astype(np.float32)) for i in range(3)]
        return np.asarray(np.rint(np.stack(planes, axis=-1)), np.uint8)


def find_window(recording: Recording, settings: FlowSettings) -> Window:
    """The part of the depth image that becomes the clip, the same in all of its frames."""
    if settings.window == "person":
        return person_window(recording)
    camera, (width, height) = recording.camera, settings.crop
    return Window((camera.width - width) // 2, (camera.height - height) // 2, width, height)


def find_region(camera: Camera, window: Window, settings: FlowSettings) -> Region:
    """The region that `settings.region` asks for.

    Parameters
    ----------
    camera : of the whole depth image.
    window : what becomes the clip.
    settings : size and region: "image" is all of the image; "crop" the window and 16 pixels around
        it as far as there are any; "clip" the same at the clip's resolution, but where the window
        is smaller than the clip. When a centered window is 2, 4, 8 ... times the clip, depth is
        halved as in the solver's own pyramid, which keeps surfaces apart; else each pixel takes
        the nearest depth and the mean intensity.
    """
    (width, height), size = window[2:], settings.size
    if settings.region == "image":
        return _whole_pixels(camera, window, camera.width, camera.height)
    if settings.region == "crop" or (width <= size[0] and height <= size[1]):
        return _whole_pixels(camera, window, MARGIN_PX, MARGIN_PX)
    factor = width // size[0]
    doubled = (factor * size[0], factor * size[1]) == (width, height)
    if settings.window == "center" and doubled and factor & (factor - 1) == 0:
        return _halved(camera, window, size, factor)
    return _resampled(camera, window, size)


def _span(start: int, length: int, available: int) -> tuple[slice, tuple[int, int]]:
    """What is there of `length` places from `start` on, and how many are missing on both sides."""
    stop = start + length
    inside = slice(max(0, start), min(available, stop))
    return inside, (max(0, -start), max(0, stop - available))


def _whole_pixels(camera: Camera, window: Window, wide: int, tall: int) -> Region:
    """The window with up to `wide` columns and `tall` rows on each side, at full resolution."""
    x0, y0, width, height = window
    left, top = max(0, x0 - wide), max(0, y0 - tall)
    right = min(camera.width, x0 + width + wide)
    bottom = min(camera.height, y0 + height + tall)

    def take(image: Intensity) -> Plane:
        return np.ascontiguousarray(image[top:bottom, left:right])

    solved = replace(
        camera, width=right - left, height=bottom - top, cx=camera.cx - left, cy=camera.cy - top
    )
    return Region(solved, x0 - left, y0 - top, width, height, take, take)


def _halved(camera: Camera, window: Window, size: tuple[int, int], factor: int) -> Region:
    """The window and its margin, halved until the window has the clip's size.

    A solved pixel stands for the upper left one of the pixels it replaces.
    """
    wide, tall = (min(MARGIN_PX, corner) // factor * factor for corner in window[:2])
    full = _whole_pixels(camera, window, wide, tall)
    times = factor.bit_length() - 1

    def take_depth(depth: Depth) -> Plane:
        depth = full.take_depth(depth)
        for _ in range(times):
            depth = _halve(depth, halve_depth)
        return depth

    def take_image(image: Intensity) -> Plane:
        image = full.take_image(image)
        for _ in range(times):
            image = _halve(image, halve_intensity)
        return image

    whole = full.camera
    solved = replace(
        whole,
        width=-(-whole.width // factor),
        height=-(-whole.height // factor),
        fx=whole.fx / factor,
        fy=whole.fy / factor,
        cx=whole.cx / factor,
        cy=whole.cy / factor,
    )
    return Region(solved, full.x0 // factor, full.y0 // factor, *size, take_depth, take_image)


def _halve(image: Plane, kernel: Callable[..., None]) -> Float32[np.ndarray, "h3 w3"]:
    """One step up the solver's own pyramid."""
    height, width = image.shape
    halved = np.empty(((height + 1) // 2, (width + 1) // 2), np.float32)
    kernel(image, halved, 0, len(halved))
    return halved


def _resampled(camera: Camera, window: Window, size: tuple[int, int]) -> Region:
    """The window and its margin on a grid of the clip's resolution, of any ratio.

    What lies outside the image has no depth.
    """
    (x0, y0), (width, height) = window[:2], size
    step_x, step_y = window.width / width, window.height / height
    left, right = _margins(x0, window.width, camera.width, step_x)
    top, bottom = _margins(y0, window.height, camera.height, step_y)
    columns = x0 + (np.arange(-left, width + right) + 0.5) * step_x - 0.5
    rows = y0 + (np.arange(-top, height + bottom) + 0.5) * step_y - 0.5
    map_x, map_y = (grid.astype(np.float32) for grid in np.meshgrid(columns, rows))
    box = max(1, round(step_x)), max(1, round(step_y))

    def take_depth(depth: Depth) -> Plane:
        return np.asarray(cv2.remap(depth, map_x, map_y, cv2.INTER_NEAREST, borderValue=0))

    def take_image(image: Intensity) -> Plane:
        mean, edge = cv2.blur(image, box), cv2.BORDER_REPLICATE
        return np.asarray(cv2.remap(mean, map_x, map_y, cv2.INTER_LINEAR, borderMode=edge))

    solved = replace(
        camera,
        width=len(columns),
        height=len(rows),
        fx=camera.fx / step_x,
        fy=camera.fy / step_y,
        cx=(camera.cx - columns[0]) / step_x,
        cy=(camera.cy - rows[0]) / step_y,
    )
    return Region(solved, left, top, width, height, take_depth, take_image)


def _margins(start: int, length: int, available: int, step: float) -> tuple[int, int]:
    """Margin before and after a span of the image, in steps, as far as the image reaches."""
    rooms = start, available - start - length
    before, after = (int(min(MARGIN_PX, max(0, room)) / step) for room in rooms)
    return before, after
