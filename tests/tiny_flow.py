"""A small recording whose motion is known: a textured block that comes nearer before a wall."""

from pathlib import Path

import cv2
import numpy as np

from skelflow.types import Camera, Color, Depth, Frames, Intensity, Recording

WIDTH, HEIGHT = 64, 48
CAMERA = Camera(WIDTH, HEIGHT, 60.0, 60.0, 31.5, 23.5)
STEP_M = 0.006  # toward the camera, a frame


def depth_image(t: int) -> Depth:
    """The block, the wall, and a corner without a reading."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    near = 1.5 + 0.05 * np.sin(x / 4) * np.cos(y / 5) - STEP_M * t
    block = (np.abs(x - 31) < 18) & (np.abs(y - 23) < 15)
    depth = np.where(block, near, 2.5).astype(np.float32)
    depth[:6, :8] = 0
    return depth


def color_image(t: int) -> Color:
    """Stripes on the block, gray behind; the same in every frame but for a clock in the corner."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    image[..., 0] += (40 * np.sin(x / 3) + 40).astype(np.uint8)
    image[..., 2] += (40 * np.cos(y / 3) + 40).astype(np.uint8)
    image[:4, :4] = 10 * t % 256
    return image


def infrared_image(t: int) -> Intensity:
    """The red of the color image, as float."""
    return color_image(t)[..., 0].astype(np.float32)


def recording(frames: int = 5, *, color: bool = True, infrared: bool = False) -> Recording:
    """In memory."""
    return Recording(
        name="block",
        path=Path("somewhere/block"),
        camera=CAMERA,
        frame_rate_hz=30.0,
        depth=Frames(frames, depth_image),
        color=Frames(frames, color_image) if color else None,
        infrared=Frames(frames, infrared_image) if infrared else None,
    )


def write_recording(folder: Path, *, frames: int = 5, color: bool = True) -> Path:
    """On disk, as a folder with a `recording.toml`."""
    (folder / "depth").mkdir(parents=True)
    (folder / "recording.toml").write_text(
        "[recording]\nname = 'block'\nframe_rate_hz = 30\ndepth_scale = 0.001\n"
        "[camera]\nfx = 60\nfy = 60\ncx = 31.5\ncy = 23.5\n"
    )
    for t in range(frames):
        write_depth(folder / "depth" / f"{t}.png", depth_image(t))
        if color:
            write_color(folder / "color" / f"{t}.png", color_image(t))
    return folder


def write_depth(path: Path, depth: Depth, *, per_meter: int = 1000) -> Path:
    """16-bit PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.rint(depth * per_meter).astype(np.uint16))
    return path


def write_color(path: Path, color: Color) -> Path:
    """8-bit PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), color[..., ::-1])
    return path
