"""A recorded person pasted into a synthetic room."""

import zlib
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from skelflow.errors import DataError
from skelflow.io.process_pool import check_stopped
from skelflow.synth.pasting.backdrop import Backdrop, build_backdrop
from skelflow.synth.pasting.stance import find_stance
from skelflow.synth.rendering.kinect import to_millimeters
from skelflow.synth.rendering.kinect_v1 import sense_depth
from skelflow.types import Depth, Frames, Recording

_HOLE_PX = 5  # gaps in a person that are narrower stay holes


def paste(
    recording: Recording, *, seed: int, distractors: bool = True, clean: bool = False
) -> Recording:
    """The recording with a synthetic room behind the person, in which something moves.

    The person's pixels stay as they are, joints and labels too; color and infrared, which show the
    real room, are left out. The room is seen by a Kinect v1. A person hides walls,
    floor and furniture; of a pedestrian and the person the nearer one is seen.

    Parameters
    ----------
    recording : whose depth shows people alone, by a camera without lens distortion.
    seed : with the recording's name, of room and noise.
    distractors : curtains in the wind, pedestrians, a trembling camera; False = nothing moves.
    clean : the room has exact depth everywhere, in whole millimeters.

    Raises
    ------
    DataError
        The recording shows more than people, or no room fits around them; see `find_stance`.
    FormatError
        A frame cannot be read.
    """
    if any(recording.camera.distortion):
        raise DataError(
            f"{recording.path}: its lens distorts, and rooms are seen through none; `skelflow "
            "import` writes recordings whose lens is taken out"
        )
    random = partial(_random, seed, recording.name)
    backdrop = build_backdrop(
        find_stance(recording),
        recording.camera,
        frames=len(recording),
        frame_rate_hz=recording.frame_rate_hz,
        random=random,
        distractors=distractors,
    )

    def frame(t: int) -> Depth:
        check_stopped()
        return compose(recording, backdrop, t, None if clean else random(f"noise {t}"))

    depth = Frames(len(recording), frame)
    return replace(recording, depth=depth, color=None, color_projection=None, infrared=None)


def _random(seed: int, name: str, use: str) -> np.random.Generator:
    return np.random.default_rng((seed, zlib.crc32(f"{name} {use}".encode())))


def compose(
    recording: Recording, backdrop: Backdrop, t: int, noise: np.random.Generator | None
) -> Depth:
    """Frame t: the person as recorded, around them what a Kinect v1 sees of the room.

    Parameters
    ----------
    noise : of the sensor; None for one without any.
    """
    person_m, behind_m = recording.depth[t], backdrop.room_m(t)
    seen = person_m > 0
    if backdrop.passer_m is not None:
        passer_m = backdrop.passer_m(t)
        passes = passer_m > 0
        behind_m = np.where(passes & ((passer_m < behind_m) | (behind_m == 0)), passer_m, behind_m)
        seen &= ~passes | (person_m <= passer_m)
    if noise is None:
        sensed_mm = to_millimeters(behind_m)
    else:
        nearest_m = np.where(seen, person_m, behind_m)
        focal_px, mirrored = recording.camera.fx, recording.mirrored
        sensed_mm = sense_depth(nearest_m, noise, focal_px=focal_px, mirrored=mirrored)
        sensed_mm[_closed(seen)] = 0  # a sensor sees no room through a hole in a person
    return np.where(seen, person_m, sensed_mm * np.float32(0.001))


def _closed(mask: np.ndarray) -> np.ndarray:
    """The mask without its narrow gaps."""
    square = np.ones((_HOLE_PX, _HOLE_PX), np.uint8)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, square) > 0
