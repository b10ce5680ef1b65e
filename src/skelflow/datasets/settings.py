"""How flow is computed from a recording: the words for it."""

from typing import Literal

IntensitySource = Literal["auto", "infrared", "color", "none"]
RegionName = Literal["image", "crop", "clip"]
MOVING_M = 0.001  # a pixel that moves less is at rest
