"""What the store keeps: one prepared sequence, and how all of them were made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.datasets.settings import RegionName
from skelflow.types import Labels

# settings in which equal configurations may differ
_DESCRIBES = ("range_from", "class_names", "version")


@dataclass(frozen=True)
class PreparedSequence:
    """What training reads of one recording.

    Parameters
    ----------
    name : str
        The recording's name, unique in its store.
    flow : (n, h, w, 3) uint8
        Colored flow of every stride-th frame pair; 128 = no motion.
    joints_px : (n, bodies, joints, 2) float32
        (x, y) in the flow's pixels at the first frame of each pair. NaN where missing.
    joints_m : (frames, bodies, joints, 3) float32
        The skeleton of every original frame, meters. NaN where missing.
    range_m : float
        Motion in meters that color 255 stands for.
    layout : str or None
        Joint layout; None when the store has no skeletons.
    labels : Labels
    intensity : str
        What the flow saw beside depth: "infrared", "color" or "none".
    origin : str
        Path of the recording below the folder it was prepared from.
    """

    name: str
    flow: UInt8[np.ndarray, "n h w 3"]
    joints_px: Float32[np.ndarray, "n bodies joints 2"]
    joints_m: Float32[np.ndarray, "frames bodies joints 3"]
    range_m: float
    layout: str | None = None
    labels: Labels = field(default_factory=Labels)
    intensity: str = "none"
    origin: str = ""


@dataclass(frozen=True)
class StoreMeta:
    """How every sequence of a store was made.

    Parameters
    ----------
    source : str
        Name of the reader, the data set: "utd_mhad", "ntu", "folder", ...
    layout : str or None
        Joint layout; None = no skeletons.
    crop, size : (width, height), pixels
        The centered window of the depth image, and what it was resized to.
    stride : int
        Every stride-th frame pair has a flow.
    preset : str
        Of the flow solver.
    intensity : str
        "auto", "infrared", "color" or "none", as asked for.
    range_m : float or None
        Motion in meters of color 255; None = each sequence has its own.
    per_sequence_range : bool
        Whether each sequence has its own range.
    range_from : str
        Where the range comes from, in words.
    region : str
        "image", "crop" or "clip": what the solver saw, see `PrepareConfig`.
    has_flow : bool
        False where only skeletons were prepared; then sequences have 0 flow frames.
    class_names : number -> name of the actions, as far as known.
    version : str
        The skelflow that made the store.
    """

    source: str
    layout: str | None
    crop: tuple[int, int]
    size: tuple[int, int]
    stride: int
    preset: str
    intensity: str
    range_m: float | None
    per_sequence_range: bool = False
    range_from: str = ""
    region: RegionName = "image"
    has_flow: bool = True
    class_names: Mapping[int, str] = field(default_factory=dict)
    version: str = ""

    def differences(self, other: "StoreMeta") -> list[str]:
        """One line for each setting in which two stores cannot be mixed."""
        names = [f.name for f in fields(self) if f.name not in _DESCRIBES]
        return [
            f"{name}: {getattr(self, name)!r} in the store, {getattr(other, name)!r} asked for"
            for name in names
            if getattr(self, name) != getattr(other, name)
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        names = {str(number): name for number, name in self.class_names.items()}
        return {**asdict(self), "class_names": names}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "StoreMeta":
        """The inverse of `to_json`."""
        values = {"region": "image", "has_flow": True, **found}  # older stores do not say it
        values = {f.name: values[f.name] for f in fields(cls)}
        values["class_names"] = {int(k): v for k, v in values["class_names"].items()}
        return cls(**{**values, "crop": tuple(values["crop"]), "size": tuple(values["size"])})
