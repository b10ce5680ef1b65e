"""Gray patterns painted on objects: smooth, endless, the same for the same seed."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from skelflow.errors import ConfigError

WAVES = 40
COLUMNS = 320  # of the image that `finest_m` is meant for
STEEPNESS = 0.8  # of the soft limit: larger makes flatter patches with steeper edges


@dataclass(frozen=True)
class Texture:
    """A sum of waves through an object's own coordinates, softly limited.

    Parameters
    ----------
    contrast : float
        Gray levels between the darkest and the brightest place; 0 is untextured.
    middle : float
        Gray level halfway between them.
    finest_m, coarsest_m : float
        Shortest and longest wavelength, in meters. The shortest is meant for images 320 pixels
        wide and shrinks as they grow, so that it stays as many pixels.

    Raises
    ------
    ConfigError
        Gray levels outside 0..255, or wavelengths that are not 0 < finest <= coarsest.
    """

    contrast: float = 160.0
    middle: float = 125.0
    finest_m: float = 0.10
    coarsest_m: float = 0.80

    def __post_init__(self) -> None:
        reach = self.contrast / 2
        if not 0 <= reach <= min(self.middle, 255 - self.middle):
            raise ConfigError(
                f"texture: gray levels {self.middle} +- {reach} leave 0..255; lower the contrast"
            )
        if not 0 < self.finest_m <= self.coarsest_m:
            raise ConfigError(
                f"texture: wavelengths must be 0 < finest_m <= coarsest_m, "
                f"found {self.finest_m} and {self.coarsest_m}"
            )

    def paint(
        self,
        points_m: Float64[np.ndarray, "points 3"],
        rng: np.random.Generator,
        *,
        columns: int = COLUMNS,
    ) -> Float64[np.ndarray, " points"]:
        """Gray levels at points of the object, for an image of that many columns."""
        if self.contrast == 0:
            return np.full(len(points_m), self.middle)
        finest = min(self.finest_m * COLUMNS / columns, self.coarsest_m)
        steps = (np.arange(WAVES) + rng.random(WAVES)) / WAVES
        lengths = finest * (self.coarsest_m / finest) ** steps
        ways = rng.normal(size=(WAVES, 3))
        ways *= 2 * np.pi / lengths[:, None] / np.linalg.norm(ways, axis=1, keepdims=True)
        phases = rng.uniform(0, 2 * np.pi, WAVES)
        heights = np.sqrt(lengths / (lengths.sum() / 2))  # long waves are higher; variance 1
        total = np.zeros(len(points_m))
        for way, phase, height in zip(ways, phases, heights, strict=True):
            total += height * np.sin(points_m @ way + phase)
        return self.middle + self.contrast / 2 * np.tanh(STEEPNESS * total)
