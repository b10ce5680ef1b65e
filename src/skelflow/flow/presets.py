"""Named settings of the scene-flow solver."""

import difflib
from dataclasses import dataclass
from typing import Literal

from skelflow.errors import ConfigError


@dataclass(frozen=True)
class Preset:
    """How much the solver works, and where it leaves the authors' program.

    Parameters
    ----------
    iterations : tuple of int
        Of each warp, by pyramid level, the finest first; the last one holds for all that follow.
    warps : tuple of int
        How often frame 2 is warped and the problem solved anew, by level in the same way.
    pace : float
        Length of the primal steps relative to the diagonal preconditioning; the dual steps are as
        much longer as these are shorter.
    exact_border : bool
        Upsample with the right gain near the border, where the authors' is off by up to 27 %, and
        let no hole in the first or last row or column keep a depth gradient.
    exact_lift : bool
        Move the back-projected point; the authors linearize the projection.
    robust : bool
        Weigh brightness by local contrast and by how well depth agrees, and believe nothing of
        what leaves the image (`robust.contrast_gain`, `robust.trust`).
    smooth : bool
        Filter depth, keeping slopes and edges, and intensity, a little; what the noise of the depth
        explains is no motion (`robust.smooth`).
    """

    iterations: tuple[int, ...] = (100, 85, 70, 55, 40, 25, 15)
    warps: tuple[int, ...] = (1,)
    pace: float = 1.0
    exact_border: bool = False
    exact_lift: bool = False
    robust: bool = False
    smooth: bool = False

    def iterations_at(self, level: int) -> int:
        """Iterations of a warp `level` steps below the finest level."""
        return self.iterations[min(level, len(self.iterations) - 1)]

    def warps_at(self, level: int) -> int:
        """Warps `level` steps below the finest level."""
        return self.warps[min(level, len(self.warps) - 1)]


PRESETS = {
    "paper": Preset(),
    "exact": Preset(exact_border=True, exact_lift=True),
    "fast": Preset(
        iterations=(30,),
        warps=(1, 2, 2, 3),
        pace=0.5,
        exact_border=True,
        exact_lift=True,
        robust=True,
        smooth=True,
    ),
    "best": Preset(
        iterations=(100, 60),
        warps=(1, 2, 4),
        pace=0.5,
        exact_border=True,
        exact_lift=True,
        robust=True,
        smooth=True,
    ),
}
PresetName = Literal["paper", "exact", "fast", "best"]


def find_preset(name: str) -> Preset:
    """The preset of that name; `ConfigError` names the nearest one."""
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name, PRESETS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"unknown preset {name!r}, known: {', '.join(PRESETS)}{hint}")
