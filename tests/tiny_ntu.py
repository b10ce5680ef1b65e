"""NTU RGB+D recordings written in the official files, small and with known cameras."""

from pathlib import Path

import cv2
import numpy as np

from skelflow.camera.calibration.fit import project_color
from skelflow.camera.pinhole import project
from skelflow.recordings.ntu.cameras import COLOR_PROJECTION
from skelflow.types import Camera

NAME = "S001C002P003R001A058"
CAMERA = Camera(512, 424, 366.0, 366.5, 256.0, 208.0)

Bodies = list[dict[int, np.ndarray]]  # a frame each: number -> joints in meters, y down


def joint_lines(joints: np.ndarray, tracking: int = 2, camera: Camera = CAMERA) -> list[str]:
    """25 lines of joints given in meters, y down."""
    depth = project(joints, camera)
    color = project_color(joints, COLOR_PROJECTION)
    return [
        f"{x} {-y} {z} {d[0]} {d[1]} {c[0]} {c[1]} 0 0 0 0 {tracking}"
        for (x, y, z), d, c in zip(joints, depth, color, strict=True)
    ]


def person(t: int, x: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    joints = rng.uniform([-0.2, -0.9, 2.8], [0.2, 0.9, 3.2], (25, 3)) + np.array([x, 0, 0])
    joints[7] += 0.2 * np.sin(t)
    return joints


def skeleton_text(frames: Bodies, tracking: int = 2, camera: Camera = CAMERA) -> str:
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for number, joints in bodies.items():
            lines += [f"{72057594037931000 + number} 0 1 1 1 1 0 -0.1 0.1 2", "25"]
            lines += joint_lines(joints, tracking, camera)
    return "\r\n".join(lines) + "\r\n"


def write_skeleton(
    root: Path,
    frames: Bodies,
    tracking: int = 2,
    *,
    name: str = NAME,
    camera: Camera = CAMERA,
) -> Path:
    path = root / "nturgb+d_skeletons" / f"{name}.skeleton"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(skeleton_text(frames, tracking, camera), newline="")
    return path


def write_depth(folder: Path, count: int, prefix: str = "Depth", mm: int = 1000) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for t in range(count):
        image = np.full((424, 512), mm + t, np.uint16)
        cv2.imwrite(str(folder / f"{prefix}-{t + 1:08d}.png"), image)
    return folder


def write_video(path: Path, count: int, size: tuple[int, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, size)
    for t in range(count):
        image = np.zeros((size[1], size[0], 3), np.uint8)
        image[..., 2] = min(20 * t, 255)  # red
        writer.write(image)
    writer.release()
    return path


def one_person(frames: int = 20) -> Bodies:
    return [{1: person(t)} for t in range(frames)]
