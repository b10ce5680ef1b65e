"""Settings of the flow that is computed and stored, each with its default."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from skelflow.flow.method import METHOD_VERSION
from skelflow.flow.presets import find_preset, preset_name
from skelflow.settings import Count, PixelCount, Settings
from skelflow.types import Camera

IntensitySource = Literal["auto", "infrared", "color", "none"]
RegionName = Literal["image", "crop", "clip"]
WindowName = Literal["center", "person"]
PresetName = Annotated[str, AfterValidator(preset_name)]  # former names become present ones
MotionRange = Annotated[float, Field(ge=1e-6, le=1e3)]  # meters
MOVING_M = 0.001  # a pixel that moves less is at rest


class FlowSettings(Settings):
    """How the flow of a recording becomes frames of a prepared sequence; as in the paper.

    Parameters
    ----------
    window : which part of the depth image becomes a clip: "center" is a centered window of a size
        given by `crop`, as in the paper; "person" a square around who acts, in proportion to the
        body, see `skelflow.datasets.prepare.person.person_window`.
    crop : (width, height) of the centered window of the depth image, pixels; no matter to "person".
    size : (width, height) the window is resized to, pixels; equal for "person".
    stride : every stride-th frame pair (t, t + 1) has a flow.
    preset : of the flow solver, see `skelflow.flow.api.scene_flow`.
    intensity : what the flow sees beside depth; "auto" takes infrared, else color, else nothing.
    region : what is solved; "image" is the whole depth image; "crop" the window and a margin of 16
        pixels; "clip" the same, reduced to the resolution of `size` beforehand. What
        that saves and loses, `benchmarks/clip_region.py` measures.
    range_m : motion in meters that color 255 stands for; None = measured on training recordings.
    per_sequence_range : every sequence has its own measured range instead.
    companding : exponent of color over motion; 1 is linear, as in the paper. At 0.5 small motions,
        which are most, have more of the colors, see `skelflow.flow.encoding.encode_flow`.
    method_version : of the flow's method, see `skelflow.flow.method`. A store goes on with its own,
        and a network's flow is that of its training data; new stores have the present one.

    Raises
    ------
    ConfigError
        A value is out of range, or both kinds of range are asked for.
    """

    window: WindowName = "center"
    crop: tuple[PixelCount, PixelCount] = (320, 240)
    size: tuple[PixelCount, PixelCount] = (160, 120)
    stride: Count = 3
    preset: PresetName = "paper"
    intensity: IntensitySource = "auto"
    region: RegionName = "image"
    range_m: MotionRange | None = None
    per_sequence_range: bool = False
    companding: Annotated[float, Field(gt=0, le=1)] = 1.0
    method_version: Annotated[int, Field(ge=1, le=METHOD_VERSION)] = METHOD_VERSION

    def check(self) -> None:
        """The solver knows the preset, a clip does not exceed its crop, one kind of range."""
        find_preset(self.preset)
        centered = self.window == "center"
        square = self.size[0] == self.size[1]
        self.require(centered or square, "size", "equal width and height for window person")
        grows = centered and (self.size[0] > self.crop[0] or self.size[1] > self.crop[1])
        self.require(
            self.region != "clip" or not grows,
            "region",
            f"another: it solves at the clip's size, {self.size[0]}x{self.size[1]}, which must "
            f"not exceed the crop, {self.crop[0]}x{self.crop[1]}; use region crop",
        )
        self.require(
            self.range_m is None or not self.per_sequence_range,
            "range_m",
            "none: range_m and per_sequence_range exclude each other",
        )

    def exceeds(self, camera: Camera) -> bool:
        """Whether the centered window is larger than a camera's image."""
        wide, tall = self.crop[0] > camera.width, self.crop[1] > camera.height
        return self.window == "center" and (wide or tall)

    def differences(self, other: "FlowSettings") -> dict[str, tuple[Any, Any]]:
        """Settings in which the flow of two recordings cannot be compared: own and other value.

        What was asked for as intensity is not among them: recordings may have different streams.
        Nor is the crop where neither uses it, nor the method's version, which matters for some
        cameras only, see `StoreMeta.flow_differences`.
        """
        pairs = {name: (value, getattr(other, name)) for name, value in self}
        free = {"intensity", "method_version"}
        free |= {"crop"} if self.window == other.window == "person" else set()
        return {
            name: (own, found)
            for name, (own, found) in pairs.items()
            if name not in free and own != found
        }
