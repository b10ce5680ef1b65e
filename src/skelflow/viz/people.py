"""A contact sheet of synthetic recordings: color, depth, true flow, and what the solver finds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from skelflow.camera.calibration.fit import project_color
from skelflow.camera.pinhole import unproject
from skelflow.datasets.catalog import action_name
from skelflow.datasets.pairs import PairReader, intensity_source, pair_flow
from skelflow.errors import DataError
from skelflow.io.atomic import atomic_write
from skelflow.recordings import open_recording
from skelflow.synth.recording.recording_spec import RecordingSpec
from skelflow.synth.recording.synthesize import truth_path
from skelflow.synth.recording.truth_file import Truth, read_truth
from skelflow.synth.scene.scene_mesh import JOINTS
from skelflow.types import Color, Recording
from skelflow.viz.paint import paint_depth, paint_flow

MAX_RECORDINGS = 8  # recordings on a sheet
COLUMNS = ("color", "depth", "true flow", "estimated flow")
_ASPECT = 0.85  # width of a panel over its height
_ROOM = 1.2  # height of a panel over that of the people
_PANEL_INCHES = 1.75
_SHARE = 99.5  # percentile of motion that gets full color

Progress = Callable[[int, int, str], None]  # recordings drawn, of how many, the last one's name
Panel = UInt8[np.ndarray, "panel_h panel_w 3"]


@dataclass(frozen=True)
class Window:
    """A part of an image, in pixels; it may reach beyond."""

    left: float
    top: float
    width: float
    height: float


def save_contact_sheet(
    folder: str | Path,
    recordings: Sequence[RecordingSpec],
    path: str | Path,
    *,
    preset: str = "fast",
    threads: int = 1,
    progress: Progress = lambda *_: None,
) -> None:
    """Draw up to eight recordings, two a row, each at the frame pair with the most motion.

    Parameters
    ----------
    folder : made by `skelflow synth`, with color.
    recordings : its recordings, of which `pick_recordings` chooses.
    path : of the picture, .png or .jpg.
    preset : of the solver that estimates flow from infrared and depth.

    Raises
    ------
    DataError
        A recording has no color or no people, or the picture cannot be written.
    FormatError
        A recording or its ground truth is missing or damaged.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picked = pick_recordings(recordings)
    rows = (len(picked) + 1) // 2
    size = 8 * _PANEL_INCHES, rows * (_PANEL_INCHES / _ASPECT + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, 8, squeeze=False)
    for number, spec in enumerate(picked):
        row, left = number // 2, 4 * (number % 2)
        images, title = draw_recording(Path(folder), spec.name, preset=preset, threads=threads)
        for panel, image, what in zip(panels[row, left : left + 4], images, COLUMNS, strict=True):
            panel.imshow(image)
            above = title if what == COLUMNS[0] else ""
            panel.set_title(f"{above}\n{what}", fontsize=7, loc="left")
        progress(number + 1, len(picked), spec.name)
    for panel in panels.ravel():
        panel.set_axis_off()
    with atomic_write(Path(path)) as aside:
        figure.savefig(aside, dpi=130, format=Path(path).suffix[1:])


def pick_recordings(recordings: Sequence[RecordingSpec]) -> list[RecordingSpec]:
    """Choose at most eight recordings, covering as many people and actions as possible.

    All are chosen where there are no more than eight.

    Examples
    --------
    >>> specs = [RecordingSpec(1, 2, p, 1, action) for p in (1, 2) for action in (23, 50)]
    >>> [spec.name[8:] for spec in pick_recordings(specs)]
    ['P001R001A023', 'P002R001A023', 'P001R001A050', 'P002R001A050']
    """
    people = sorted({spec.performer for spec in recordings})
    actions = sorted({spec.action for spec in recordings})
    picked: dict[RecordingSpec, None] = {}
    for number in range(MAX_RECORDINGS):
        wanted = people[number % len(people)], actions[number * len(actions) // MAX_RECORDINGS]
        fits = (spec for spec in recordings if (spec.performer, spec.action) == wanted)
        picked.update((spec, None) for spec in islice(fits, 1))
    while len(picked) < min(MAX_RECORDINGS, len(recordings)):
        picked[max((spec for spec in recordings if spec not in picked), key=_news(picked))] = None
    return list(picked)


def _news(picked: Iterable[RecordingSpec]) -> Callable[[RecordingSpec], tuple[int, bool]]:
    """How much a recording adds: a new person, a new action; else the two in a new pair."""
    shown = {(spec.performer, spec.action) for spec in picked}
    people, actions = {person for person, _ in shown}, {action for _, action in shown}

    def news(spec: RecordingSpec) -> tuple[int, bool]:
        new = (spec.performer not in people) + (spec.action not in actions)
        return new, (spec.performer, spec.action) not in shown

    return news


def draw_recording(
    folder: Path, name: str, *, preset: str, threads: int = 1
) -> tuple[tuple[Panel, ...], str]:
    """The four panels of a recording, and its title."""
    recording = open_recording(folder / "nturgb+d_depth" / name)
    truth = read_truth(truth_path(folder, name))
    if recording.color is None:
        raise DataError(f"{folder}: {name} has no color, which the sheet shows")
    people = _count_people(recording)
    t = _most_motion(truth, people)
    acting = truth.part[t] < JOINTS * people
    flow_m, depth = truth.flow_m[t], recording.depth[t]
    range_m = max(float(np.percentile(np.abs(flow_m[acting]), _SHARE)), 0.02)
    first, second = PairReader(recording, intensity_source(recording, "auto")).read(t)
    found_m = pair_flow(first, second, camera=recording.camera, preset=preset, threads=threads)
    around = _window(acting)
    near, far = np.percentile(depth[depth > 0], (1, 98))
    images = (
        crop(recording.color[t], _in_color(around, recording, depth, acting)),
        crop(paint_depth(depth, float(near), float(far)), around),
        crop(paint_flow(flow_m, np.ones_like(acting), range_m), around),
        crop(paint_flow(found_m, depth > 0, range_m), around),
    )
    action = action_name(recording) or "re-enacted"
    title = f"person {recording.labels.subject}: {action}, full color {1000 * range_m:.0f} mm"
    return images, title


def crop(image: Color, window: Window) -> Panel:
    """A part of an image, at 300 rows; black beyond the image."""
    height = 300
    width, scale = round(height * window.width / window.height), height / window.height
    way = np.array([[scale, 0, -scale * window.left], [0, scale, -scale * window.top]], np.float64)
    smooth = cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.warpAffine(image, way, (width, height), flags=smooth), np.uint8)


def _count_people(recording: Recording) -> int:
    """Number of people tracked in any frame."""
    if recording.skeleton is None:
        raise DataError(f"{recording.path}: has no skeleton, so nobody to show")
    seen = np.isfinite(recording.skeleton.joints_m).any(axis=(0, 2, 3))
    return int(seen.sum())


def _most_motion(truth: Truth, people: int) -> int:
    """Index of the frame pair in which the people move most."""
    motion = []
    for t, flow_m in enumerate(truth.flow_m):
        acting = truth.part[t] < JOINTS * people
        motion.append(float(np.linalg.norm(flow_m[acting], axis=-1).sum()))
    return int(np.argmax(motion))


def _window(acting: Bool[np.ndarray, "h w"]) -> Window:
    """Bounding window of the people, in the panels' aspect ratio."""
    if not acting.any():
        raise DataError("nobody is in the image of this recording")
    rows, columns = np.flatnonzero(acting.any(axis=1)), np.flatnonzero(acting.any(axis=0))
    tall, wide = (float(np.ptp(found)) + 1 for found in (rows, columns))
    height = _ROOM * max(tall, wide / _ASPECT)
    width = _ASPECT * height
    middle_x, middle_y = columns[[0, -1]].mean(), rows[[0, -1]].mean()
    return Window(float(middle_x - width / 2), float(middle_y - height / 2), width, height)


def _in_color(
    window: Window, recording: Recording, depth: np.ndarray, acting: Bool[np.ndarray, "h w"]
) -> Window:
    """The corresponding window of the color image, at the people's distance."""
    if recording.color_projection is None:
        return window
    distance = depth[acting & (depth > 0)]
    flat = np.full_like(depth, np.median(distance) if distance.size else 1.0)
    points = unproject(flat, recording.camera)[[0, -1], [0, -1]]
    (left, top), (right, bottom) = project_color(points, recording.color_projection).tolist()
    x, y = (right - left) / (depth.shape[1] - 1), (bottom - top) / (depth.shape[0] - 1)
    return Window(left + x * window.left, top + y * window.top, x * window.width, y * window.height)
