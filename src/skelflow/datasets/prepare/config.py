"""How recordings are prepared: every setting and its default, once."""

import math
from dataclasses import dataclass

from skelflow.datasets.settings import IntensitySource, RegionName
from skelflow.errors import ConfigError
from skelflow.flow.presets import find_preset


@dataclass(frozen=True)
class PrepareConfig:
    """How recordings become prepared sequences; the defaults are the paper's.

    Parameters
    ----------
    crop : (width, height) of the centered window of the depth image, pixels.
    size : (width, height) the window is resized to, pixels.
    stride : every stride-th frame pair (t, t + 1) has a flow.
    preset : of the flow solver, see `skelflow.flow.api.scene_flow`.
    intensity : what the flow sees beside depth; "auto" takes infrared, else color, else nothing.
    region : what is solved; "image" is the whole depth image; "crop" the crop and a margin of 16
        pixels; "clip" the same, reduced to the resolution of `size` beforehand. What
        that saves and loses, `benchmarks/clip_region.py` measures.
    range_m : motion in meters that color 255 stands for; None = measured on training recordings.
    per_sequence_range : every sequence has its own measured range instead.
    skeletons_only : no flow at all: recordings need skeletons and no depth, and the store feeds
        the networks that read skeletons alone.
    protocol : who trains, for measuring the range; None = the data set's usual protocol.
    workers : processes that prepare recordings side by side.
    retries : how often a recording is tried again whose worker died or failed unexpectedly.

    Raises
    ------
    ConfigError
        A value is out of range, or both kinds of range are asked for.
    """

    crop: tuple[int, int] = (320, 240)
    size: tuple[int, int] = (160, 120)
    stride: int = 3
    preset: str = "paper"
    intensity: IntensitySource = "auto"
    region: RegionName = "image"
    range_m: float | None = None
    per_sequence_range: bool = False
    skeletons_only: bool = False
    protocol: str | None = None
    workers: int = 1
    retries: int = 3

    def __post_init__(self) -> None:
        find_preset(self.preset)
        for name in ("crop", "size"):
            if min(getattr(self, name)) < 1:
                raise ConfigError(
                    f"prepare: {name} must be (width, height) of at least one pixel, "
                    f"found {getattr(self, name)}"
                )
        for name in ("stride", "workers"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"prepare: {name} must be at least 1, found {getattr(self, name)}"
                )
        if self.retries < 0:
            raise ConfigError(f"prepare: retries must not be negative, found {self.retries}")
        if self.intensity not in ("auto", "infrared", "color", "none"):
            raise ConfigError(
                "prepare: intensity must be auto, infrared, color or none, "
                f"found {self.intensity!r}"
            )
        self._check_region()
        if self.range_m is not None and not 0 < self.range_m < math.inf:
            raise ConfigError(f"prepare: range_m must be positive, found {self.range_m}")
        if self.range_m is not None and self.per_sequence_range:
            raise ConfigError("prepare: range_m and per_sequence_range exclude each other")

    def _check_region(self) -> None:
        if self.region not in ("image", "crop", "clip"):
            raise ConfigError(f"prepare: region must be image, crop or clip, found {self.region!r}")
        grows = self.size[0] > self.crop[0] or self.size[1] > self.crop[1]
        if self.region == "clip" and grows:
            raise ConfigError(
                f"prepare: region clip solves at the clip's size, {self.size[0]}x{self.size[1]}, "
                f"which must not exceed the crop, {self.crop[0]}x{self.crop[1]}; use region crop"
            )
