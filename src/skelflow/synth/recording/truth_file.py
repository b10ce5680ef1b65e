"""Ground-truth files: flow as int16 tenths of millimeters, one array per frame, read on demand."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from jaxtyping import Bool, UInt8

from skelflow.errors import FormatError
from skelflow.io.arrays import read_arrays
from skelflow.io.documents import parse_json
from skelflow.types import Camera, Flow, Frames

STEP_M = 1e-4  # one unit of the stored flow
LIMIT = 32767
_ABOUT = "about"

Mask = Bool[np.ndarray, "h w"]
Parts = UInt8[np.ndarray, "h w"]


@dataclass(frozen=True)
class Truth:
    """Ground truth of a synthetic recording.

    Parameters
    ----------
    camera : the depth camera.
    flow_m : Frames of (h, w, 3) float32, one fewer than the recording has
        Meters from frame t to t + 1, x right, y down, z away; 0 where there is no surface.
        Given for every pixel, with or without measured depth; includes the camera's own motion.
    seen : Frames of (h, w) bool, as many
        The point is inside the next image and not occluded there.
    part : Frames of (h, w) uint8, one a frame of the recording
        25 x person + Kinect v2 joint; 254 an object; 255 the room.
    distractors : what moves besides the action: some of "curtain", "screen", "passer", "shake".
    """

    camera: Camera
    flow_m: Frames[Flow]
    seen: Frames[Mask]
    part: Frames[Parts]
    distractors: tuple[str, ...]


def read_truth(path: str | Path) -> Truth:
    """Open the ground truth of a synthetic recording; arrays are read on access.

    Parameters
    ----------
    path : a `NAME_truth.npz` that `skelflow synth` made.

    Raises
    ------
    FormatError
        The file is missing, damaged, or something else; a damaged array when it is read.
    """
    path = Path(path)
    about = parse_json(str(_read(path, _ABOUT)), path)
    count, step = int(about["frames"]), np.float32(about["step_m"])

    def flow_m(t: int) -> Flow:
        return np.asarray(_read(path, f"flow_{t:06d}").astype(np.float32) * step)

    def seen(t: int) -> Mask:
        return np.asarray(_read(path, f"seen_{t:06d}"))

    def part(t: int) -> Parts:
        return np.asarray(_read(path, f"part_{t:06d}"))

    lens = about["camera"]
    return Truth(
        camera=Camera(**lens),
        flow_m=Frames(count - 1, flow_m),
        seen=Frames(count - 1, seen),
        part=Frames(count, part),
        distractors=tuple(about["distractors"]),
    )


class TruthWriter:
    """Writes a truth file array by array; the same content gives the same bytes."""

    def __init__(self, path: Path) -> None:
        self._file = ZipFile(path, "w", ZIP_DEFLATED)

    def __enter__(self) -> "TruthWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add_part(self, t: int, part: Parts) -> None:
        """Write the body parts of frame t."""
        self._write(f"part_{t:06d}", part)

    def add_flow(self, t: int, flow_m: Flow, seen: Mask) -> None:
        """Write the flow from frame t to t + 1."""
        units = np.rint(flow_m / np.float32(STEP_M)).clip(-LIMIT, LIMIT)
        self._write(f"flow_{t:06d}", units.astype(np.int16))
        self._write(f"seen_{t:06d}", seen)

    def finish(self, camera: Camera, frames: int, distractors: tuple[str, ...]) -> None:
        """Write what holds for all frames."""
        about = {
            "frames": frames,
            "step_m": STEP_M,
            "camera": asdict(camera),
            "distractors": distractors,
        }
        self._write(_ABOUT, np.array(json.dumps(about)))

    def _write(self, name: str, values: Any) -> None:
        with self._file.open(f"{name}.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array(stream, values, allow_pickle=False)


def _read(path: Path, name: str) -> Any:
    try:
        return read_arrays(path, names=(name,))[name]
    except (KeyError, FormatError) as error:
        raise FormatError(
            f"{path}: no {name} that can be read ({error}); expected a NAME_truth.npz of "
            "`skelflow synth`: remove it and run the command again"
        ) from error
