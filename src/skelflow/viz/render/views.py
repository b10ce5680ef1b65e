"""What is drawn of a recording: color, infrared, depth, flow, attention or the skeleton."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float16, UInt8

from skelflow.datasets.pairs import PairReader, intensity_source, pair_flow
from skelflow.errors import DataError
from skelflow.flow.encoding import check_range
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Recording
from skelflow.viz.paint import Painter, depth_span, draw_skeleton, paint_depth, paint_flow
from skelflow.viz.strip import spread

ViewName = Literal["color", "infrared", "depth", "flow", "attention", "skeleton"]
Picture = UInt8[np.ndarray, "picture_h picture_w 3"]
Progress = Callable[[int, int, str], None]

_SHARE = 99.5  # percentile of the motion of moving pixels that gets full color
_MOVING_M = 1e-4


@dataclass(frozen=True)
class View:
    """Pictures of a recording, one after the other.

    Parameters
    ----------
    recording : that they are drawn from; a network's is at the frame rate that it knows.
    pictures : in order, uint8 RGB of one size; drawn when they are asked for.
    times : frame number of each, in that recording.
    rate_hz : pictures a second, at the recording's own speed.
    """

    recording: Recording
    pictures: Iterator[Picture]
    times: tuple[int, ...]
    rate_hz: float


@dataclass(frozen=True)
class Wish:
    """How a view is asked for.

    Parameters
    ----------
    times : frames to draw.
    preset : of the flow solver.
    range_m : motion of full color, meters; None = what nearly all motion stays below.
    weights : of the network whose attention is drawn.
    progress : called after each picture, or each solved pair.
    most : pictures at most; None = all.
    """

    times: tuple[int, ...]
    preset: str
    range_m: float | None
    weights: str | Path
    progress: Progress
    most: int | None = None

    def some(self, times: tuple[int, ...]) -> tuple[int, ...]:
        """At most so many of the times, evenly spaced, first and last among them."""
        return times if self.most is None else spread(times, self.most)


def draw_view(recording: Recording, name: ViewName, wish: Wish) -> View:
    """The pictures of a view.

    Raises
    ------
    ConfigError
        The range of the flow is not positive and finite.
    DataError
        The recording has not what the view shows; says which views it has.
    WeightsError
        The weights of the attention cannot be used.
    """
    missing = {
        "color": recording.color is None,
        "infrared": recording.infrared is None,
        "depth": not recording.has_depth,
        "flow": not recording.has_depth,
        "attention": not recording.has_depth,
        "skeleton": recording.skeleton is None,
    }
    if missing[name]:
        there = ", ".join(view for view, absent in missing.items() if not absent)
        raise DataError(f"{recording.path}: has nothing to show as {name}; it has {there}")
    return VIEWS[name](recording, wish)


def _each(recording: Recording, wish: Wish, paint: Callable[[int], Picture]) -> View:
    times = wish.some(wish.times)

    def pictures() -> Iterator[Picture]:
        for number, t in enumerate(times, start=1):
            yield paint(t)
            wish.progress(number, len(times), f"frame {t}")

    return View(recording, pictures(), times, recording.frame_rate_hz)


def _color(recording: Recording, wish: Wish) -> View:
    """The color images as they are, not in the depth camera's pixels."""
    color = recording.color
    if color is None:
        raise DataError(f"{recording.path}: no color")
    return _each(recording, wish, lambda t: np.asarray(color[t]))


def _infrared(recording: Recording, wish: Wish) -> View:
    infrared = recording.infrared
    if infrared is None:
        raise DataError(f"{recording.path}: no infrared")

    def paint(t: int) -> Picture:
        return np.repeat(infrared[t].clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)

    return _each(recording, wish, paint)


def _depth(recording: Recording, wish: Wish) -> View:
    span_m = depth_span(recording, wish.times)
    return _each(recording, wish, lambda t: np.asarray(paint_depth(recording.depth[t], *span_m)))


def _skeleton(recording: Recording, wish: Wish) -> View:
    """Bones and joints over the image, which is gray and dark, black where there is none."""
    skeleton = recording.skeleton
    if skeleton is None:
        raise DataError(f"{recording.path}: no skeleton")
    painter, layout = Painter(recording, wish.times), find_layout(skeleton.layout)

    def paint(t: int) -> Picture:
        gray = cv2.cvtColor(painter.paint(t), cv2.COLOR_RGB2GRAY)[..., None] * np.float32(0.6)
        picture = np.repeat(np.rint(gray).astype(np.uint8), 3, axis=2)
        draw_skeleton(picture, skeleton.joints_px[t], layout, ())
        return picture

    return _each(recording, wish, paint)


def _flow(recording: Recording, wish: Wish) -> View:
    """Scene flow of each frame to the next; its range follows from all, so all is solved first."""
    if wish.range_m is not None:
        check_range(wish.range_m)
    times = wish.some(tuple(t for t in wish.times if t + 1 < len(recording)))
    reader = PairReader(recording, intensity_source(recording, "auto"))
    flows: list[Float16[np.ndarray, "h w 3"]] = []
    for number, t in enumerate(times, start=1):
        first, second = reader.read(t)
        solved = pair_flow(first, second, camera=recording.camera, preset=wish.preset)
        flows.append(solved.astype(np.float16))
        wish.progress(number, len(times), f"frame {t}")
    if not flows:
        raise DataError(f"{recording.path}: no frame that is asked for has one after it")
    range_m = _range_m(flows) if wish.range_m is None else wish.range_m

    def pictures() -> Iterator[Picture]:
        for t, flow in zip(times, flows, strict=True):
            yield np.asarray(
                paint_flow(flow.astype(np.float32), recording.depth[t] > 0, range_m), np.uint8
            )

    return View(recording, pictures(), times, recording.frame_rate_hz)


def _range_m(flows: list[Float16[np.ndarray, "h w 3"]]) -> float:
    largest = np.concatenate([np.abs(flow).max(axis=-1).ravel() for flow in flows])
    moving = largest[largest > _MOVING_M].astype(np.float32)
    return float(np.percentile(moving, _SHARE)) if moving.size else 0.01


def _attention(recording: Recording, wish: Wish) -> View:
    """The mask of a network over the image, at the frames that the network reads."""
    from skelflow.datasets.prepare.adapt import at_rate
    from skelflow.inference import Recognizer
    from skelflow.viz.panels import draw_panels

    recognizer = Recognizer.load(wish.weights)
    known_hz = recognizer.checkpoint.frame_rate_hz
    adapted = recognizer.with_joints(at_rate(recording, known_hz))
    explanation = recognizer.explain(
        adapted, progress=lambda done, total: wish.progress(done, total, "")
    )
    panels = {panel.name: panel for panel in draw_panels(adapted, explanation)}
    if "attention" not in panels:
        name = recognizer.checkpoint.network.name
        raise DataError(f"{wish.weights}: {name} has no attention; use weights of one with AT-1")
    seconds = [t / adapted.frame_rate_hz for t in explanation.times]
    first, last = (wish.times[i] / recording.frame_rate_hz for i in (0, -1))
    kept = [i for i, at in enumerate(seconds) if first <= at <= last]
    if not kept:
        raise DataError(f"{recording.path}: the network reads none of the frames asked for")
    step = float(np.diff(explanation.times).mean()) if len(explanation.times) > 1 else 1.0
    pictures, chosen = panels["attention"].pictures, wish.some(tuple(kept))
    return View(
        adapted,
        (pictures[i] for i in chosen),
        tuple(explanation.times[i] for i in chosen),
        adapted.frame_rate_hz / step,
    )


VIEWS: Mapping[ViewName, Callable[[Recording, Wish], View]] = {
    "color": _color,
    "infrared": _infrared,
    "depth": _depth,
    "flow": _flow,
    "attention": _attention,
    "skeleton": _skeleton,
}
