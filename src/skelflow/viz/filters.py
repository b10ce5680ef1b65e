"""The paper's Fig. 3: filters of BJCN-1, their responses, and the joints' scores by action."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from skelflow.datasets.prepare.adapt import at_rate
from skelflow.errors import DataError, FormatError
from skelflow.inference import Recognizer
from skelflow.inference.responses import JointResponses, joint_responses, mean_responses
from skelflow.io.atomic import atomic_write, folder_of
from skelflow.pose import PoseMode
from skelflow.recordings import find_recordings, open_recording
from skelflow.skeleton.layouts import Layout, find_layout
from skelflow.types import Joints3D
from skelflow.viz.page import Failed, nothing_left

TOP = 6  # filters shown, as in the paper
Top = Int64[np.ndarray, " top"]  # indices of filters
Pose = Float32[np.ndarray, "joints 3"]


@dataclass(frozen=True)
class DrawnFilters:
    """The actions of the picture, in the order drawn, and the recordings that are left out."""

    actions: tuple[str, ...]
    failed: tuple[Failed, ...] = ()


def explain_filters(
    run: str | Path,
    recordings: Sequence[str | Path],
    path: Path,
    *,
    pose: PoseMode = "auto",
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> DrawnFilters:
    """Draw, for each action, the most responsive filters, their responses, and the scores.

    Recordings that cannot be read or do not suit the network are left out.

    Parameters
    ----------
    run : a run folder, or a weights file.
    recordings : recordings, or folders that hold some; those of one action are averaged.
    path : of the PNG; its folder is made.
    pose : whether joints are estimated, see `Recognizer`.
    progress : called after each recording.

    Returns
    -------
    Recordings without a known action stand alone, under their name.

    Raises
    ------
    WeightsError
        There are no usable weights, or their network has no such filters.
    FormatError, DataError
        None of the recordings can be used.
    """
    recognizer = Recognizer.load(run, pose=pose)
    checkpoint = recognizer.checkpoint
    paths = [found for given in recordings for found in find_recordings(given)]
    groups: dict[str, list[JointResponses]] = {}
    poses: dict[str, Pose] = {}
    failed: list[Failed] = []
    for number, each in enumerate(paths, start=1):
        try:
            recording = at_rate(open_recording(each), checkpoint.frame_rate_hz)
            recording = recognizer.with_joints(recording)
            responses = joint_responses(checkpoint, recording)
        except (FormatError, DataError) as error:
            if len(paths) == 1:
                raise
            failed.append(Failed(each.name, str(error)))
        else:
            name = checkpoint.action_name(recording) or recording.name
            groups.setdefault(name, []).append(responses)
            if recording.skeleton is not None and name not in poses:
                poses[name] = _middle_pose(recording.skeleton.joints_m)
        progress(number, len(paths), each.name)
    if not groups:
        raise nothing_left(failed)
    layout = find_layout(str(checkpoint.meta.layout))
    rows = {name: mean_responses(each) for name, each in groups.items()}
    _draw(rows, poses, layout, path)
    return DrawnFilters(tuple(rows), tuple(failed))


def _middle_pose(joints_m: Joints3D) -> Pose:
    """The first body with joints, in the frame nearest to the middle that has all of them."""
    complete = np.isfinite(joints_m).all(axis=(2, 3))
    body = int(complete.sum(axis=0).argmax())
    times = np.flatnonzero(complete[:, body])
    if not len(times):
        return np.full(joints_m.shape[2:], np.nan, np.float32)
    middle = times[np.abs(times - len(joints_m) / 2).argmin()]
    return np.asarray(joints_m[middle, body], np.float32)


def _draw(
    rows: dict[str, JointResponses], poses: dict[str, Pose], layout: Layout, path: Path
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.1 * len(rows) + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), 3, squeeze=False, width_ratios=(1.0, 2.2, 0.9))
    for line, (name, each) in zip(axes, rows.items(), strict=True):
        best = np.argsort(each.responses.sum(axis=1))[::-1][:TOP]
        _draw_filters(line[0], each, best, name)
        _draw_map(line[1], each, best, layout)
        _draw_score(line[2], each, poses.get(name), layout)
    with folder_of(path), atomic_write(path) as aside:
        figure.savefig(aside, dpi=100, format="png")


def _draw_filters(axes: Any, each: JointResponses, best: Top, name: str) -> None:
    step = 2.2 * float(np.abs(each.filters[best]).max())
    for place, index in enumerate(best):
        axes.axhline(-place * step, color="#dddddd", linewidth=0.8)
        axes.plot(each.filters[index] - place * step, color="#1f4e79")
    axes.set_yticks([-place * step for place in range(len(best))], [f"{i}" for i in best])
    axes.set_title(f"{name}\nfilters that respond most", loc="left", fontsize=9)
    axes.set_xlabel("time, from start to end", fontsize=8)
    axes.set_xticks([])


def _draw_map(axes: Any, each: JointResponses, best: Top, layout: Layout) -> None:
    axes.imshow(each.responses[best], cmap="magma", aspect="auto", vmin=0)
    axes.set_xticks(range(len(layout)), layout.joints, rotation=90, fontsize=6)
    axes.set_yticks(range(len(best)), [f"{i}" for i in best])
    axes.set_title("their responses to each joint", loc="left", fontsize=9)


def _draw_score(axes: Any, each: JointResponses, pose: Pose | None, layout: Layout) -> None:
    axes.set_title("score (Eq. 2)", loc="left", fontsize=9)
    axes.set_axis_off()
    if pose is None or not np.isfinite(pose).all():
        return
    x, y = pose[:, 0], -pose[:, 1]
    for a, b in layout.bones:
        axes.plot([x[a], x[b]], [y[a], y[b]], color="#999999", linewidth=1.5, zorder=1)
    axes.scatter(x, y, s=10 + 160 * each.score**2, c="#c62828", alpha=0.75, zorder=2)
    axes.margins(0.12)
    axes.set_aspect("equal")
