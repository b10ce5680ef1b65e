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
    iterations : int
        At the finest level.
    fewer : int
        How many fewer at each coarser level, never less than `fewer`.
    exact_border : bool
        Upsample with the right gain near the border, where the authors' is off by up to 27 %, and
        let no hole in the first or last row or column keep a depth gradient.
    exact_lift : bool
        Move the back-projected point; the authors linearize the projection.
    """

    iterations: int = 100
    fewer: int = 15
    exact_border: bool = False
    exact_lift: bool = False

    def iterations_at(self, level: int) -> int:
        """Iterations `level` steps below the finest one."""
        return max(self.iterations - self.fewer * level, self.fewer)


PRESETS = {
    "paper": Preset(),
    "exact": Preset(exact_border=True, exact_lift=True),
}
PresetName = Literal["paper", "exact"]


def find_preset(name: str) -> Preset:
    """The preset of that name; `ConfigError` names the nearest one."""
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name, PRESETS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"unknown preset {name!r}, known: {', '.join(PRESETS)}{hint}")
