"""Write any recording as a folder of one's own: images, `skeleton.csv`, `recording.toml`."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool

from skelflow.camera.lens import LensCamera
from skelflow.camera.pinhole import project
from skelflow.camera.register import register_color
from skelflow.errors import ConfigError, DataError
from skelflow.io.atomic import storage_errors, temp_sibling
from skelflow.skeleton.layouts import KINECT_V1, KINECT_V2, find_layout
from skelflow.types import Camera, Color, Depth, Recording, Skeleton

_LARGEST = 65535  # of 16 bits
_COLUMNS = ("frame", "body", "joint", "x_m", "y_m", "z_m", "u_px", "v_px", "tracking")


def write_folder(recording: Recording, out: Path, *, depth_scale: float = 0.001) -> tuple[str, ...]:
    """Write a recording as a folder that `open_recording` reads; whole or not at all.

    Parameters
    ----------
    recording : of any source; its frames are decoded one at a time.
    out : the folder to make.
    depth_scale : meters a unit of the depth images; depth is rounded to it.

    Returns
    -------
    What of the recording is not in the folder, or changed, a sentence each.

    Raises
    ------
    ConfigError
        `depth_scale` is not positive.
    DataError
        `out` is there already, there is neither depth nor a joint, or depth is farther than 16
        bits of `depth_scale` reach.
    FormatError
        A frame of the recording cannot be read.
    StorageError
        `out` cannot be written.
    """
    if not 0 < depth_scale < np.inf:
        raise ConfigError(f"import: depth_scale must be positive, found {depth_scale}")
    if out.exists():
        raise DataError(f"{out}: is already there; choose another folder or remove it")
    with storage_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = temp_sibling(out)
        partial.mkdir()
        try:
            notes = _write(recording, partial, depth_scale)
            partial.replace(out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return (*recording.repairs, *notes)


def _write(recording: Recording, folder: Path, depth_scale: float) -> tuple[str, ...]:
    camera = recording.camera
    pinhole = Camera(camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy)
    k1, k2, k3 = camera.distortion
    lens = LensCamera(pinhole, (k1, k2, 0.0, 0.0, k3))
    skeleton = recording.skeleton if _has_joints(recording.skeleton) else None
    if not recording.has_depth and skeleton is None:
        raise DataError(f"{recording.path}: neither depth nor a joint; a folder needs one of them")
    if recording.has_depth:
        _write_images(recording, folder, lens, depth_scale)
    if skeleton is not None:
        _write_skeleton(folder / "skeleton.csv", skeleton, lens)
    text = _settings(recording, skeleton, pinhole, depth_scale)
    (folder / "recording.toml").write_text(text, encoding="utf-8", errors="replace")
    notes = [] if lens.is_straight else ["the lens is taken out of all images and joints"]
    if skeleton is not recording.skeleton:
        notes.append("the skeleton is left out: it has no joint in any frame")
    if recording.color is not None and not recording.has_depth:
        notes.append("color is left out: only depth says where its pixels belong")
    if recording.infrared is not None:
        notes.append("infrared is left out: folders hold depth, color and joints")
    return tuple(notes)


def _write_images(recording: Recording, folder: Path, lens: LensCamera, depth_scale: float) -> None:
    digits = max(5, len(str(len(recording))))
    (folder / "depth").mkdir()
    if recording.color is not None:
        (folder / "color").mkdir()
    for t in range(len(recording)):
        depth_m = recording.depth[t]
        straight = np.asarray(lens.straighten(depth_m, nearest=True))
        name = f"{t:0{digits}}.png"
        _save(folder / "depth" / name, _units(recording, t, straight, depth_scale))
        if recording.color is not None:
            color = np.asarray(lens.straighten(_color(recording, t, depth_m)))
            _save(folder / "color" / name, cv2.cvtColor(color, cv2.COLOR_RGB2BGR))


def _units(recording: Recording, t: int, depth_m: Depth, depth_scale: float) -> np.ndarray:
    units = np.rint(depth_m / np.float32(depth_scale))
    if units.max(initial=0) > _LARGEST:
        raise DataError(
            f"{recording.path}: frame {t + 1} reaches {depth_m.max():g} m, and 16 bits of "
            f"{depth_scale:g} m end at {_LARGEST * depth_scale:g} m; give a larger --depth-scale"
        )
    return units.astype(np.uint16)


def _color(recording: Recording, t: int, depth_m: Depth) -> Color:
    """Color of a frame in the depth image's pixels."""
    if recording.color is None:
        raise DataError(f"{recording.path}: no color")
    color = recording.color[t]
    if recording.color_projection is None:
        return color
    return register_color(color, depth_m, recording.camera, recording.color_projection)


def _save(file: Path, image: np.ndarray) -> None:
    encoded = cv2.imencode(".png", image)[1]
    file.write_bytes(encoded.tobytes())


def _has_joints(skeleton: Skeleton | None) -> bool:
    return skeleton is not None and bool(_is_there(skeleton).any())


def _is_there(skeleton: Skeleton) -> Bool[np.ndarray, "t bodies joints"]:
    return np.asarray(np.isfinite(skeleton.joints_m).any(axis=-1))


def _write_skeleton(file: Path, skeleton: Skeleton, lens: LensCamera) -> None:
    """A line for each joint that is there; as many digits as a float has."""
    layout, joints_m = find_layout(skeleton.layout), skeleton.joints_m
    pixels = skeleton.joints_px if lens.is_straight else project(joints_m, lens.pinhole)
    with file.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(_COLUMNS)
        for place in np.argwhere(_is_there(skeleton)).tolist():
            t, body, joint = place
            numbers = [*joints_m[t, body, joint], *pixels[t, body, joint]]
            texts = ["" if np.isnan(number) else f"{number:.9g}" for number in numbers]
            tracking = int(skeleton.tracking[t, body, joint])
            lines.writerow([t, body, layout.joints[joint], *texts, tracking or 1])


def _settings(
    recording: Recording, skeleton: Skeleton | None, camera: Camera, depth_scale: float
) -> str:
    """What `recording.toml` says."""
    labels = vars(recording.labels).items()
    tables: dict[str, dict[str, Any]] = {
        "recording": {
            "name": recording.name,
            "frame_rate_hz": recording.frame_rate_hz,
            "depth_scale": depth_scale,
            "any_depth": recording.any_depth,
            "any_joints": recording.any_joints,
            "frames": len(recording),
        },
        "camera": {
            "width": camera.width,
            "height": camera.height,
            "fx": camera.fx,
            "fy": camera.fy,
            "cx": camera.cx,
            "cy": camera.cy,
            "mirrored": recording.mirrored,
        },
        "labels": {key: value for key, value in labels if value is not None},
    }
    if skeleton is not None:
        tables["skeleton"] = _layout(skeleton.layout)
    lines = []
    for table, values in tables.items():
        lines += ["", f"[{table}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "\n".join(lines[1:]) + "\n"


def _toml(value: object) -> str:
    """JSON writes text, numbers and lists as TOML does, where it escapes no pair of surrogates."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _layout(name: str) -> dict[str, Any]:
    layout = find_layout(name)
    if layout in (KINECT_V1, KINECT_V2):
        return {"layout": name}
    pairs = [[joint, other] for joint, other in enumerate(layout.mirror) if joint < other]
    return {
        "layout": name,
        "joints": list(layout.joints),
        "bones": [list(bone) for bone in layout.bones],
        "mirror": pairs,
        "root": layout.root,
    }
