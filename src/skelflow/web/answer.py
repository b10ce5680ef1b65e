"""What the page shows of a recording: an answer in JSON, sheets of pictures, points in 3D."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Int16, UInt8

from skelflow.camera.pinhole import unproject
from skelflow.inference import Explanation
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Recording
from skelflow.viz.page import WHOLE
from skelflow.viz.paint import Painter
from skelflow.viz.panels import Panel, Picture, draw_panels

ANSWER, POINTS = "answer.json", "points.bin"
CURVES = 6  # actions whose probability is drawn over time
COLUMNS = ROWS = 6  # pictures of a sheet
CLOUD = 4000  # points of a frame of a recording with depth

_JPEG_QUALITY = 82
_FARTHEST_M = 8.0


def write_answer(
    recording: Recording, explanation: Explanation, truth: str | None, folder: Path
) -> None:
    """Write all that the page asks for into a folder that is there.

    Parameters
    ----------
    recording, explanation : of the same recording.
    truth : the action that it is known to show, None where it is not known.
    folder : gets `answer.json`, `points.bin` and `V-S.jpg`, the sheet S of the view V.
    """
    panels = draw_panels(recording, explanation)
    for number, panel in enumerate(panels):
        _write_sheets(panel, number, folder)
    (folder / POINTS).write_bytes(_points(recording, explanation.times))
    answer = _describe(recording, explanation, truth) | {"views": [_view(p) for p in panels]}
    (folder / ANSWER).write_text(json.dumps(answer, allow_nan=False), encoding="utf-8")


def sheet_name(view: int, sheet: int) -> str:
    """The file of one sheet of pictures."""
    return f"{view}-{sheet}.jpg"


def _view(panel: Panel) -> dict[str, Any]:
    height, width = panel.pictures[0].shape[:2]
    sheets = -(-len(panel.pictures) // (COLUMNS * ROWS))
    return {
        "name": panel.name,
        "note": panel.note,
        "width": width,
        "height": height,
        "columns": COLUMNS,
        "rows": ROWS,
        "sheets": sheets,
    }


def _write_sheets(panel: Panel, number: int, folder: Path) -> None:
    each = COLUMNS * ROWS
    for sheet, first in enumerate(range(0, len(panel.pictures), each)):
        picture = _tile(panel.pictures[first : first + each])
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        _, content = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
        (folder / sheet_name(number, sheet)).write_bytes(content.tobytes())


def _tile(pictures: tuple[Picture, ...]) -> UInt8[np.ndarray, "sheet_h sheet_w 3"]:
    """Pictures in rows of `COLUMNS`; the rest of the last row is black."""
    height, width = pictures[0].shape[:2]
    sheet = np.zeros((-(-len(pictures) // COLUMNS) * height, COLUMNS * width, 3), np.uint8)
    for i, picture in enumerate(pictures):
        y, x = divmod(i, COLUMNS)
        sheet[y * height : (y + 1) * height, x * width : (x + 1) * width] = picture
    return sheet


def _describe(recording: Recording, explanation: Explanation, truth: str | None) -> dict[str, Any]:
    result, times = explanation.result, explanation.times
    likely = np.argsort(explanation.probabilities.mean(axis=0))[::-1][:CURVES]
    return {
        "recording": recording.name,
        "truth": truth,
        "predictions": [asdict(each) for each in result.predictions],
        "times_s": [round(t / recording.frame_rate_hz, 3) for t in times],
        "frames": list(times),
        "actions": [explanation.classes[i] for i in likely],
        "probabilities": _rounded(explanation.probabilities[:, likely]),
        "clips": _clips(explanation),
        "skeleton": _skeleton(recording, explanation),
        "points": _count(recording),
        "seconds": result.seconds,
        "repairs": [*result.notes, *([] if explanation.clips else [WHOLE])],
    }


def _clips(explanation: Explanation) -> list[dict[str, Any]]:
    """From when to when each clip is, and what it was named; none of clips that spread."""
    best = explanation.clip_probabilities.argmax(axis=1)
    return [
        {
            "first": first,
            "stop": stop,
            "action": explanation.classes[best[number]],
            "probability": round(float(explanation.clip_probabilities[number, best[number]]), 4),
        }
        for number, (first, stop) in enumerate(explanation.clips)
    ]


def _skeleton(recording: Recording, explanation: Explanation) -> dict[str, Any] | None:
    """Joints in meters at each shown frame, their scores, and the attention on their place."""
    skeleton = recording.skeleton
    if skeleton is None:
        return None
    layout, times = find_layout(skeleton.layout), list(explanation.times)
    scores = [[of.get(name, 0.0) for name in layout.joints] for of in explanation.result.scores]
    return {
        "joints": [name.replace("_", " ") for name in layout.joints],
        "bones": [list(bone) for bone in layout.bones],
        "joints_m": _rounded(skeleton.joints_m[times]),
        "scores": _rounded(np.array(scores, np.float32)),
        "attention": _attention_on_joints(skeleton.joints_px[times], explanation),
    }


def _attention_on_joints(
    joints_px: Float[np.ndarray, "n bodies joints 2"], explanation: Explanation
) -> list[Any] | None:
    """The mask where each joint is, (n, bodies, joints); None for one that is not in the image."""
    mask = explanation.attention
    if mask is None:
        return None
    left, top, width, height = explanation.window
    side_y, side_x = mask.shape[1:]
    places = (joints_px - (left, top) + 0.5) * (side_x / width, side_y / height)
    inside = ((places >= 0) & (places < (side_x, side_y))).all(axis=-1)
    x, y = np.where(inside[..., None], places, 0).astype(int).transpose(3, 0, 1, 2)
    frames = np.arange(len(mask))[:, None, None]
    return _rounded(np.where(inside, mask[frames, y, x], np.nan))


def _count(recording: Recording) -> int:
    """Points of each frame; none without depth."""
    return CLOUD if recording.has_depth else 0


def _points(recording: Recording, times: tuple[int, ...]) -> bytes:
    """For each frame its points: x, y, z in whole millimeters (int16), then RGB (uint8)."""
    if not recording.has_depth:
        return b""
    painter, packed = Painter(recording, times), []
    for t in times:
        place, color = _cloud(recording, painter, t)
        packed.append(place.tobytes() + color.tobytes())
    return b"".join(packed)


def _cloud(
    recording: Recording, painter: Painter, t: int
) -> tuple[Int16[np.ndarray, "points 3"], UInt8[np.ndarray, "points 3"]]:
    """Evenly spaced pixels with depth; rows of zeros where there are fewer."""
    depth, image = recording.depth[t], painter.paint(t)
    y, x = np.nonzero((depth > 0) & (depth < _FARTHEST_M))
    if len(y) > CLOUD:
        picks = np.linspace(0, len(y) - 1, CLOUD).astype(int)
        y, x = y[picks], x[picks]
    points_m = unproject(depth, recording.camera)[y, x]
    place, color = np.zeros((CLOUD, 3), np.int16), np.zeros((CLOUD, 3), np.uint8)
    place[: len(y)] = np.rint(1000 * points_m)
    color[: len(y)] = image[y, x]
    return place, color


def _rounded(values: Float[np.ndarray, "..."]) -> list[Any]:
    """Nested lists of numbers with three digits; None for what is no finite number."""
    there = np.round(values.astype(float), 3).astype(object)
    there[~np.isfinite(values)] = None
    listed: list[Any] = there.tolist()
    return listed
