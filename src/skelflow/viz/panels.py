"""Pictures of a network's input for each frame: image, depth, flow, attention."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from skelflow.inference import Explanation
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Recording
from skelflow.viz.paint import Painter, depth_span, draw_skeleton, paint_depth

SIDE_PX = 240  # height of a picture; as wide as what the network sees makes it
STRONGEST = 2.0  # the mask M of AT-2 where every joint at hand scores 1; weighed frames have more

Picture = UInt8[np.ndarray, "picture_h picture_w 3"]

_NOTES = {
    "color": "what the camera saw, in the depth camera's pixels",
    "infrared": "what the depth camera saw by its own light",
    "depth": "near is bright, far is dark",
    "scene flow": "red, green, blue: motion right, down, away; gray: none",
    "skeleton": "the joints that the network reads; a circle grows with its joint's score",
    "attention": "where the mask lifts the flow's features; a joint's circle grows with its score",
}


@dataclass(frozen=True)
class Panel:
    """One view of a recording over time.

    Parameters
    ----------
    name, note : what it shows, in a word and in a sentence.
    pictures : one a frame, all of one size, uint8 RGB.
    """

    name: str
    note: str
    pictures: tuple[Picture, ...]


def draw_panels(recording: Recording, explanation: Explanation) -> tuple[Panel, ...]:
    """All views there are of what the network saw: image, depth, scene flow and attention.

    A recording without depth has the skeleton's alone, on black.

    Parameters
    ----------
    recording : what was recognized.
    explanation : of the same recording, see `Recognizer.explain`.
    """
    views = _Views(recording, explanation)
    return tuple(
        Panel(name, _NOTES[name], tuple(draw(i) for i in range(len(explanation.times))))
        for name, draw in views.there()
    )


class _Views:
    """How each view of a frame is drawn, frames counted as the network counts them."""

    def __init__(self, recording: Recording, explanation: Explanation) -> None:
        self.recording, self.explanation = recording, explanation
        self.painter = Painter(recording, explanation.times)
        has_depth = recording.has_depth
        self.span_m = depth_span(recording, explanation.times) if has_depth else (0.0, 1.0)
        _, _, width, height = explanation.window
        self.size = round(SIDE_PX * width / height), SIDE_PX
        mask = explanation.attention
        self.strongest = STRONGEST if mask is None else max(STRONGEST, float(mask.max()))

    def there(self) -> Iterator[tuple[str, Callable[[int], Picture]]]:
        """Names and functions, in the order they are shown."""
        if self.painter.shows in ("color", "infrared"):
            yield self.painter.shows, self.image
        if self.recording.has_depth:
            yield "depth", self.depth
        flow, attention = self.explanation.flow, self.explanation.attention
        if flow is not None:
            yield "scene flow", lambda i: self._enlarge(flow[i])
        elif self.recording.skeleton is not None:
            yield "skeleton", self.skeleton
        if attention is not None:
            yield "attention", lambda i: self.attention(i, attention[i])

    def image(self, i: int) -> Picture:
        return self._cut(self.painter.paint(self.explanation.times[i]))

    def depth(self, i: int) -> Picture:
        depth = self.recording.depth[self.explanation.times[i]]
        return self._cut(paint_depth(depth, *self.span_m))

    def skeleton(self, i: int) -> Picture:
        """The image in gray, if there is any, the bones as lines, the joints as circles."""
        picture = np.repeat(np.asarray(np.rint(self._gray(i)), np.uint8), 3, axis=2)
        self._draw_skeleton(picture, self.explanation.times[i], bones=True)
        return picture

    def attention(self, i: int, mask: Float32[np.ndarray, "h w"]) -> Picture:
        """The image in gray, the mask as heat, the joints that steer it as circles."""
        base = self._gray(i)
        strength = self._enlarge(mask / self.strongest)
        levels = np.rint(255 * strength).astype(np.uint8)
        heat = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
        share = np.where(strength > 0, 0.35 + 0.4 * strength, 0)[..., None]
        picture = np.asarray(np.rint(base * (1 - share) + heat * share), np.uint8)
        self._draw_skeleton(picture, self.explanation.times[i], bones=False)
        return picture

    def _gray(self, i: int) -> Float32[np.ndarray, "h w 1"]:
        """The image, darkened so that what is drawn upon it stands out."""
        gray = cv2.cvtColor(self.image(i), cv2.COLOR_RGB2GRAY)
        return np.asarray(gray[..., None] * np.float32(0.6))

    def _draw_skeleton(self, picture: Picture, t: int, *, bones: bool) -> None:
        skeleton = self.recording.skeleton
        if skeleton is not None:
            joints_px = self._place(skeleton.joints_px[t])
            scores = self.explanation.result.scores
            draw_skeleton(picture, joints_px, find_layout(skeleton.layout), scores, bones=bones)

    def _place(self, joints_px: Float[np.ndarray, "*any 2"]) -> Float[np.ndarray, "*any 2"]:
        """From pixels of the depth image to those of a picture."""
        left, top, width, height = self.explanation.window
        scale = np.divide(self.size, (width, height))
        return np.asarray((joints_px - (left, top) + 0.5) * scale - 0.5)

    def _cut(self, image: UInt8[np.ndarray, "h w 3"]) -> Picture:
        """The part of an image in depth pixels that the network sees."""
        left, top, width, height = self.explanation.window
        x, y = np.divide((width, height), self.size)
        back = np.array([[x, 0, left + 0.5 * x - 0.5], [0, y, top + 0.5 * y - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(image, back, self.size, flags=flags), np.uint8)

    def _enlarge(self, image: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.resize(image, self.size, interpolation=cv2.INTER_NEAREST))
