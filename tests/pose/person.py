"""A synthetic person who waves, before a wall, at half a Kinect v2's resolution."""

from pathlib import Path

import numpy as np

from skelflow.types import Camera, Color, Depth, Frames, Recording

_FILE = np.load(Path(__file__).parent / "person.npz")
DEPTH_M: Depth = _FILE["depth_mm"] * np.float32(0.001)
INFRARED = _FILE["infrared"].astype(np.float32)
JOINTS_M = _FILE["joints_m"]  # kinect_v2, the true ones
HEIGHT, WIDTH = DEPTH_M.shape
CAMERA = Camera(WIDTH, HEIGHT, *_FILE["camera"].tolist())
EMPTY = np.zeros_like(DEPTH_M)


def recording(
    frames: int = 4,
    *,
    absent: tuple[int, ...] = (),
    mirrored: bool = True,
    infrared: bool = True,
) -> Recording:
    """The same image again and again; in the frames `absent`, nothing."""

    def depth(t: int) -> Depth:
        return EMPTY if t in absent else DEPTH_M

    def gray(t: int) -> Depth:
        return EMPTY if t in absent else INFRARED

    return Recording(
        name="person",
        path=Path("somewhere/person"),
        camera=CAMERA,
        frame_rate_hz=30.0,
        depth=Frames(frames, depth),
        infrared=Frames(frames, gray) if infrared else None,
        mirrored=mirrored,
    )


def gray_picture() -> Color:
    return np.repeat(INFRARED.astype(np.uint8)[..., None], 3, axis=2)
