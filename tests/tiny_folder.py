"""Small recordings of a body that comes nearer, in memory and as folders of images."""

from pathlib import Path

import cv2
import numpy as np

from skelflow.datasets.prepare import PrepareConfig
from skelflow.datasets.prepare.manifest import HISTORY
from skelflow.types import Camera, Depth, Frames, Labels, Recording, Skeleton

WIDTH, HEIGHT = 64, 48
CAMERA = Camera(WIDTH, HEIGHT, 60.0, 60.0, 31.5, 23.5)
CONFIG = PrepareConfig(crop=(40, 32), size=(20, 16))


def depth_image(t: int, step_mm: float = 6.0) -> Depth:
    """A bumpy body that comes nearer by `step_mm` a frame, before nothing."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    near_m = 1.5 + 0.05 * np.sin(x / 4) * np.cos(y / 5) - step_mm / 1000 * t
    body = (np.abs(x - 31) < 18) & (np.abs(y - 23) < 15)
    return np.where(body, near_m, 0).astype(np.float32)


def skeleton(frames: int) -> Skeleton:
    joints_px = np.full((frames, 1, 20, 2), (31.5, 23.5), np.float32)
    joints_px[:, 0, 1] = (0, 0)
    joints_px[:, 0, 2] = np.nan
    joints_px[:, 0, 3] = (2, 3)  # in the image, outside the crop
    joints_px[:, 0, 4] = (70, 10)  # outside the image
    tracking = np.full((frames, 1, 20), 2, np.uint8)
    tracking[:, 0, 5], tracking[:, 0, 6] = 0, 1
    joints_m = np.zeros((frames, 1, 20, 3), np.float32)
    joints_m[..., 0] += np.arange(frames, dtype=np.float32)[:, None, None]
    return Skeleton("kinect_v1", joints_m, joints_px, tracking)


def recording(frames: int = 8) -> Recording:
    return Recording(
        name="r",
        path=Path("somewhere/r"),
        camera=CAMERA,
        frame_rate_hz=30.0,
        depth=Frames(frames, depth_image),
        skeleton=skeleton(frames),
        labels=Labels(action=2, subject=1),
    )


def write_recording(folder: Path, *, frames: int = 5, subject: int = 1, step_mm: float = 6) -> None:
    (folder / "depth").mkdir(parents=True)
    (folder / "recording.toml").write_text(
        "[recording]\nframe_rate_hz = 30\ndepth_scale = 0.001\n"
        "[camera]\nfx = 60\nfy = 60\ncx = 31.5\ncy = 23.5\n"
        f"[labels]\naction = 1\nsubject = {subject}\n"
    )
    for t in range(frames):
        depth_mm = np.rint(depth_image(t, step_mm) * 1000).astype(np.uint16)
        assert cv2.imwrite(str(folder / "depth" / f"{t}.png"), depth_mm)


def write_recordings(folder: Path, count: int = 3) -> Path:
    """Recordings r0, r1, ... of one subject each."""
    for i in range(count):
        write_recording(folder / f"r{i}", subject=i + 1)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a store but those that say when things happened."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    names = {file.relative_to(folder).as_posix(): file for file in files}
    return {name: names[name].read_bytes() for name in names if name not in (".lock", HISTORY)}
