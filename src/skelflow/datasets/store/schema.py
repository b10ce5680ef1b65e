"""Content of a store: one prepared sequence, and how all of them were made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.datasets.settings import FlowSettings
from skelflow.flow.presets import preset_of_version
from skelflow.skeleton.layouts import BUILT_IN, Layout, layouts, register_layout
from skelflow.types import Labels, Window

# what stores of earlier versions do not say, and the two that no store says unless they differ
_OF_OLDER_STORES = {"region": "image", "has_flow": True, "window": "center", "companding": 1.0}
_UNSAID = ("window", "companding")

# settings in which equal configurations may differ
_DESCRIBES = ("range_from", "class_names", "version", "joints", "focal_px", "frame_rate_hz")


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
        sensor = {"focal_px": self.focal_px, "frame_rate_hz": self.frame_rate_hz}
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
        """The inverse of `to_json`; values are taken as they are, for presets come and go.

        A joint layout that does not come with skelflow is registered, `ConfigError` when another
        one has its name.
        """
        values = {**_OF_OLDER_STORES, **found}
        if "joints" in values:
            register_layout(Layout.from_json(values["joints"]))
        flow = {name: values[name] for name in FlowSettings.model_fields}
        flow |= {"crop": tuple(flow["crop"]), "size": tuple(flow["size"])}
        flow["preset"] = preset_of_version(flow["preset"], values["version"])
        return cls(
            source=values["source"],
            layout=values["layout"],
            flow=FlowSettings.model_construct(**flow),
            range_from=values["range_from"],
            has_flow=values["has_flow"],
            class_names={int(number): name for number, name in values["class_names"].items()},
            version=values["version"],
            focal_px=values.get("focal_px"),
            frame_rate_hz=values.get("frame_rate_hz"),
        )


def _own_joints(layout: str | None) -> dict[str, Any]:
    """The joints of a layout that is none of skelflow's own, so that others need not know it."""
    known = layouts().get(layout or "")
    return {} if known is None or known in BUILT_IN else {"joints": known.to_json()}
