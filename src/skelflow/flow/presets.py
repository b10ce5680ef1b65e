"""Named settings of the scene-flow solver, and how a name of one's own is added to them."""

from dataclasses import dataclass, replace
from math import isfinite
from numbers import Integral, Real

from skelflow.errors import ConfigError
from skelflow.io.plugins import load_plugins
from skelflow.settings import nearest_name


@dataclass(frozen=True)
class Preset:
    """How much the solver works, and where it leaves the authors' program.

    Parameters
    ----------
    iterations : tuple of int
        Of each warp, by pyramid level, the finest first; the last one holds for all that follow.
    warps : tuple of int
        How often frame 2 is warped and the problem solved anew, by level in the same way.
    step_ratio : float
        Primal step sizes over those of the diagonal preconditioning; dual ones are divided by it.
    exact_border : bool
        Upsample with the right gain near the border, where the authors' is off by up to 27 %, and
        let no hole in the first or last row or column keep a depth gradient.
    exact_lift : bool
        Move the back-projected point; the authors linearize the projection. Through a lens, which
        theirs has not, the point is moved in any case (`skelflow.flow.lens.bend_flow`).
    robust : bool
        Weight brightness by local contrast and by how well depth agrees, and nothing at pixels
        whose motion leaves the image (`skelflow.flow.engines.numpy.robust.reweight`).
    smooth : bool
        Filter depth, keeping slopes and edges, and intensity, a little; depth residuals within the
        measured noise are none (`skelflow.flow.engines.numpy.robust.smooth`).
    match : bool
        Solve the coarser levels only, match the two images densely from there, and solve the
        finest level from the match (`skelflow.flow.engines.match.frame_match`), for depth alone in
        more work.
    silhouette : bool
        For depth alone, let the solver see one gray wherever there is depth if the background is
        removed: if half of the pixels have none. The match sees shading all the same.

    Raises
    ------
    ConfigError
        Iterations or warps are no tuple of whole numbers of 1 or more, or the step ratio is not
        positive.
    """

    iterations: tuple[int, ...] = (100, 85, 70, 55, 40, 25, 15)
    warps: tuple[int, ...] = (1,)
    step_ratio: float = 1.0
    exact_border: bool = False
    exact_lift: bool = False
    robust: bool = False
    smooth: bool = False
    match: bool = False
    silhouette: bool = False

    def __post_init__(self) -> None:
        for name in ("iterations", "warps"):
            value = getattr(self, name)
            counts = value if isinstance(value, tuple) else ()
            if not counts or not all(isinstance(one, Integral) and int(one) > 0 for one in counts):
                raise ConfigError(
                    f"preset: {name} must be a tuple of whole numbers, 1 or more, one for each "
                    f"pyramid level from the finest, as (40, 60); found {value!r}"
                )
        ratio = self.step_ratio
        if not (isinstance(ratio, Real) and isfinite(ratio) and ratio > 0):
            raise ConfigError(f"preset: step_ratio must be positive and finite, found {ratio!r}")

    def iterations_at(self, level: int) -> int:
        """Iterations of a warp `level` steps below the finest level."""
        return self.iterations[min(level, len(self.iterations) - 1)]

    def for_depth_alone(self) -> "Preset":
        """The same with two and a half times the iterations at the finest level."""
        coarser = self.iterations[1:] or self.iterations
        return replace(self, iterations=(5 * self.iterations_at(0) // 2, *coarser))

    def warps_at(self, level: int) -> int:
        """Warps `level` steps below the finest level."""
        return self.warps[min(level, len(self.warps) - 1)]


DEFAULT_PRESET = "fast"  # of `scene_flow` and of `skelflow flow`
FORMER_NAMES = {"exact": "corrected"}  # still accepted, and found in files

PRESETS = {
    "paper": Preset(),
    "corrected": Preset(exact_border=True, exact_lift=True),
    "fast": Preset(
        iterations=(30,),
        warps=(1, 2, 2, 3),
        step_ratio=0.5,
        exact_border=True,
        exact_lift=True,
        robust=True,
        smooth=True,
    ),
    "best": Preset(
        iterations=(40, 60),
        warps=(2, 1, 4, 8),
        step_ratio=0.5,
        exact_border=True,
        exact_lift=True,
        robust=True,
        smooth=True,
        match=True,
        silhouette=True,
    ),
}
PRESETS["silhouette"] = replace(PRESETS["fast"], silhouette=True)  # the same flow otherwise


# what stores, and networks trained on them, were made with by an earlier skelflow: found by name,
# and not offered
FORMER_PRESETS = {
    "best-0.1": Preset(
        iterations=(100, 60),
        warps=(1, 2, 4),
        step_ratio=0.5,
        exact_border=True,
        exact_lift=True,
        robust=True,
        smooth=True,
    ),
}


def register_preset(name: str, preset: Preset) -> None:
    """Let a preset be asked for by name wherever this process asks for one.

    Other processes, the command line among them, know what installed packages register, see
    `skelflow.io.plugins`.

    Raises
    ------
    ConfigError
        The name belongs to another preset, or is a former name of one.

    Examples
    --------
    >>> from dataclasses import replace
    >>> register_preset("fast_60", replace(PRESETS["fast"], iterations=(60,)))
    >>> find_preset("fast_60").iterations
    (60,)
    """
    if name in FORMER_NAMES or name in FORMER_PRESETS:
        raise ConfigError(
            f"preset {name!r} is what files call one of skelflow's; choose another name"
        )
    if PRESETS.setdefault(name, preset) != preset:
        raise ConfigError(f"preset {name!r} is there already, {PRESETS[name]}; choose another name")


def preset_name(name: str) -> str:
    """What a preset is called now; files and scripts may have its former name.

    Examples
    --------
    >>> preset_name("exact"), preset_name("fast")
    ('corrected', 'fast')
    """
    return FORMER_NAMES.get(name, name)


def preset_of_version(name: str, version: str) -> str:
    """What the preset is called now that a certain skelflow knew by a name.

    Examples
    --------
    >>> preset_of_version("best", "0.1.0"), preset_of_version("best", "0.2.0")
    ('best-0.1', 'best')
    """
    former = f"{name}-{'.'.join(version.split('.')[:2])}"
    return former if former in FORMER_PRESETS else preset_name(name)


def find_preset(preset: str | Preset) -> Preset:
    """The preset of that name, or the one given; `ConfigError` names the nearest one.

    Looks among `PRESETS`, then at what installed packages register.
    """
    if isinstance(preset, Preset):
        return preset
    if not isinstance(preset, str):
        raise ConfigError(
            f"preset is of type {type(preset).__name__}, expected the name of one, or a Preset"
        )
    preset = preset_name(preset)
    if preset in FORMER_PRESETS:
        return FORMER_PRESETS[preset]
    if preset not in PRESETS:
        load_plugins()
    if preset not in PRESETS:
        raise ConfigError(f"unknown preset {preset!r}; {nearest_name(preset, PRESETS)}")
    return PRESETS[preset]
