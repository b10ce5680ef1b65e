"""Content of a store: one prepared sequence, and how all of them were made."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from pydantic import ConfigDict, Field, NonNegativeInt

from skelflow.datasets.settings import (
    FlowSettings,
    IntensitySource,
    MotionRange,
    RegionName,
    WindowName,
)
from skelflow.flow.presets import preset_of_version
from skelflow.settings import Count, PixelCount, Positive, Settings
from skelflow.skeleton.layouts import BUILT_IN, Layout, layouts, register_layout
from skelflow.types import LARGEST_LABEL, Labels, Window

# what stores of earlier versions do not say, and those that no store says unless they differ
_OF_OLDER_STORES = {
    "region": "image",
    "has_flow": True,
    "window": "center",
    "companding": 1.0,
    "method_version": 1,
}
_UNSAID = ("window", "companding", "method_version")

Size = Annotated[tuple[PixelCount, PixelCount], Field(strict=False)]
Label = Annotated[int, Field(ge=0, le=LARGEST_LABEL)]
ActionNumber = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]

# settings in which equal configurations may differ
_DESCRIBES = (
    *("range_from", "class_names", "version", "joints"),
    *("focal_px", "frame_rate_hz", "has_lens"),
)


class StoreFacts(Settings):
    """What the metadata of a store say, see `StoreMeta`; older ones say less."""

    model_config = ConfigDict(extra="ignore")

    source: str
    layout: str | None
    crop: Size
    size: Size
    stride: Count
    preset: str
    intensity: IntensitySource
    range_m: MotionRange | None
    per_sequence_range: bool
    region: RegionName
    window: WindowName
    companding: Positive
    method_version: Count
    range_from: str
    has_flow: bool
    class_names: dict[ActionNumber, str]
    version: str
    joints: dict[str, Any] | None = None
    focal_px: Positive | None = None
    frame_rate_hz: Positive | None = None
    has_lens: bool | None = None


class LabelFacts(Settings):
    """Labels of a sequence; None = unknown."""

    action: Label | None = None
    subject: Label | None = None
    camera: Label | None = None
    setup: Label | None = None
    replication: Label | None = None


class SequenceFacts(Settings):
    """What the metadata of a sequence say beside its arrays, see `PreparedSequence`.

    Parameters
    ----------
    frames, bodies : of `joints_m`.
    version : the skelflow that prepared it; "" in older stores, which say it once for all.
    sha256 : of everything else, see `checksum`; "" in older stores.
    """

    model_config = ConfigDict(extra="ignore")

    labels: LabelFacts
    range_m: Annotated[float, Field(ge=0)]
    intensity: str
    origin: str
    window: Annotated[tuple[int, int, int, int], Field(strict=False)] | None = None
    frames: NonNegativeInt
    bodies: NonNegativeInt
    estimated_from: str = ""
    version: str = ""
    sha256: str = ""


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
    window : Window or None
        The part of the depth image that the flow shows; None where there is no flow, or in a store
        of an earlier skelflow, whose windows are all centered.
    estimated_from : str
        The image that the joints were estimated from; "" where the recording brought them along.
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
    window: Window | None = None
    estimated_from: str = ""


@dataclass(frozen=True)
class StoreMeta:
    """How every sequence of a store was made.

    Parameters
    ----------
    source : str
        Name of the reader, the data set: "utd_mhad", "ntu", "folder", ...
    layout : str or None
        Joint layout; None = no skeletons.
    flow : FlowSettings
        As asked for; its range is the one that was measured, None = each sequence has its own.
    range_from : str
        Where the range comes from, in words.
    has_flow : bool
        False where only skeletons were prepared; then sequences have 0 flow frames.
    class_names : number -> name of the actions, as far as known.
    version : str
        The skelflow that made the store.
    focal_px, frame_rate_hz : float or None
        Of its first recording; what others are brought to, the crop is in its pixels. None where
        older stores do not say it.
    has_lens : bool or None
        Whether a camera of its recordings has a lens that bends rays, as far as its sample says.
        None where older stores do not say it.
    """

    source: str
    layout: str | None
    flow: FlowSettings
    range_from: str = ""
    has_flow: bool = True
    class_names: Mapping[int, str] = field(default_factory=dict)
    version: str = ""
    focal_px: float | None = None
    frame_rate_hz: float | None = None
    has_lens: bool | None = None

    def flow_differences(self, other: "StoreMeta") -> dict[str, tuple[Any, Any]]:
        """Settings in which the flow of two stores cannot be compared: own and other value.

        The method's version counts for `best`, and where a camera is known to have a lens.
        """
        found = self.flow.differences(other.flow)
        versions = self.flow.method_version, other.flow.method_version
        matters = self.has_lens or other.has_lens or self.flow.preset == "best"
        if matters and versions[0] != versions[1]:
            found["method_version"] = versions
        return found

    def differences(self, other: "StoreMeta") -> list[str]:
        """One line for each setting in which two stores cannot be mixed."""
        here, asked = ({**_OF_OLDER_STORES, **meta.to_json()} for meta in (self, other))
        return [
            f"{name}: {here[name]!r} in the store, {asked[name]!r} asked for"
            for name in here
            if name not in _DESCRIBES and here[name] != asked[name]
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for JSON: one level, the flow's settings among the others."""
        flow = self.flow
        newer = {name: getattr(flow, name) for name in _UNSAID}
        sensor = {name: getattr(self, name) for name in ("focal_px", "frame_rate_hz", "has_lens")}
        return {
            "source": self.source,
            "layout": self.layout,
            "crop": flow.crop,
            "size": flow.size,
            "stride": flow.stride,
            "preset": flow.preset,
            "intensity": flow.intensity,
            "range_m": flow.range_m,
            "per_sequence_range": flow.per_sequence_range,
            "range_from": self.range_from,
            "region": flow.region,
            "has_flow": self.has_flow,
            "class_names": {str(number): name for number, name in self.class_names.items()},
            "version": self.version,
            **_own_joints(self.layout),
            **{name: value for name, value in sensor.items() if value is not None},
            **{name: value for name, value in newer.items() if value != _OF_OLDER_STORES[name]},
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "StoreMeta":
        """The inverse of `to_json`; any preset and source is taken, for they come and go.

        Raises
        ------
        ConfigError
            A value is missing, or of another type or size.

        Notes
        -----
        A joint layout that does not come with skelflow is registered, `ConfigError` when another
        one has its name.
        """
        facts = StoreFacts.from_mapping({**_OF_OLDER_STORES, **found})
        if facts.joints is not None:
            register_layout(Layout.from_json(facts.joints))
        flow = {name: getattr(facts, name) for name in FlowSettings.model_fields}
        flow["preset"] = preset_of_version(facts.preset, facts.version)
        return cls(
            source=facts.source,
            layout=facts.layout,
            flow=FlowSettings.model_construct(**flow),
            range_from=facts.range_from,
            has_flow=facts.has_flow,
            class_names={int(number): name for number, name in facts.class_names.items()},
            version=facts.version,
            focal_px=facts.focal_px,
            frame_rate_hz=facts.frame_rate_hz,
            has_lens=facts.has_lens,
        )


def _own_joints(layout: str | None) -> dict[str, Any]:
    """The joints of a layout that is none of skelflow's own, so that others need not know it."""
    known = layouts().get(layout or "")
    return {} if known is None or known in BUILT_IN else {"joints": known.to_json()}


def checksum(facts: Mapping[str, Any], arrays: Mapping[str, Shaped[np.ndarray, "..."]]) -> str:
    """SHA-256 of a sequence, as hexadecimal: of what its metadata say, and of its numbers.

    Parameters
    ----------
    facts : plain values by name; "sha256" and the version are left out.
    arrays : by name.
    """
    told = {name: facts[name] for name in sorted(facts) if name not in ("sha256", "version")}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape}".encode())
        digest.update(values.data)
    return digest.hexdigest()
