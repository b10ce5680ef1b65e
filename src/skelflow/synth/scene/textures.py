"""Solid textures: colors, patterns and infrared reflectance by owner and material."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32

Rgb = tuple[float, float, float]  # 0..1

PLAIN, ROWS, COLUMNS, CHECKS, GRAIN, TILES, BLOBS = range(7)

# columns of a texture table
COLOR, SECOND = 0, 3
PATTERN, PERIOD, MOTTLE, MOTTLE_M, INFRARED, CONTRAST, EMISSION, SHIFT = 6, 7, 8, 9, 10, 11, 12, 13

_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Texture:
    """A solid texture: two colors mixed by a pattern, modulated by noise.

    Parameters
    ----------
    color, second : RGB, 0..1.
    pattern : one of `PLAIN` ... `BLOBS`.
    period_m : period of the pattern.
    mottle, mottle_m : amplitude and length scale of the noise in brightness.
    infrared : reflectance in near infrared.
    emission : brightness of a surface that emits light and is not shaded; 0 = none.
    shift_m : displacement of the pattern.
    """

    color: Rgb
    second: Rgb = (0.0, 0.0, 0.0)
    pattern: int = PLAIN
    period_m: float = 0.1
    mottle: float = 0.12
    mottle_m: float = 0.09
    infrared: float = 0.6
    emission: float = 0.0
    shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def row(self) -> list[float]:
        """The row of a texture table."""
        pattern = (float(self.pattern), self.period_m, self.mottle, self.mottle_m)
        infrared = (self.infrared, self._contrast())
        return [*self.color, *self.second, *pattern, *infrared, self.emission, *self.shift_m]

    def _contrast(self) -> float:
        """Contrast of the pattern in infrared: lower than in gray, since dyes fade there."""
        if self.pattern == PLAIN:
            return 0.0
        first, second = (
            sum(share * band for share, band in zip(_LUMA, color, strict=True))
            for color in (self.color, self.second)
        )
        return 0.8 * (second - first)


def choose_textures(materials: Sequence[tuple[int, str]], *, seed: int) -> tuple[Texture, ...]:
    """A texture for each (owner, material), determined by seed, owner and name.

    Parameters
    ----------
    materials : as in `SceneMesh.materials`.
    seed : of the clothes and rooms.
    """
    return tuple(_choose(name, _random(seed, owner, name)) for owner, name in materials)


def texture_table(textures: Sequence[Texture]) -> Float32[np.ndarray, "materials 16"]:
    """Textures as the rows the kernels read."""
    return np.array([texture.row() for texture in textures], np.float32)


def _random(seed: int, owner: int, name: str) -> np.random.Generator:
    return np.random.default_rng((seed, owner, zlib.crc32(name.encode())))


_SKINS: tuple[Rgb, ...] = (
    (0.93, 0.76, 0.66),
    (0.87, 0.68, 0.55),
    (0.78, 0.58, 0.44),
    (0.62, 0.44, 0.32),
    (0.45, 0.31, 0.23),
    (0.33, 0.23, 0.18),
)
_HAIRS: tuple[Rgb, ...] = (
    (0.10, 0.08, 0.07),
    (0.22, 0.15, 0.10),
    (0.38, 0.25, 0.14),
    (0.62, 0.48, 0.28),
    (0.45, 0.44, 0.43),
)
_IRISES: tuple[Rgb, ...] = ((0.24, 0.15, 0.10), (0.30, 0.42, 0.52), (0.33, 0.36, 0.24))
_CLOTHES: tuple[Rgb, ...] = (
    (0.78, 0.18, 0.16),
    (0.16, 0.34, 0.62),
    (0.15, 0.48, 0.32),
    (0.90, 0.72, 0.22),
    (0.55, 0.28, 0.55),
    (0.88, 0.88, 0.85),
    (0.20, 0.22, 0.26),
    (0.88, 0.48, 0.22),
    (0.40, 0.62, 0.74),
    (0.70, 0.42, 0.46),
)
_LEGS: tuple[Rgb, ...] = (
    (0.18, 0.24, 0.38),
    (0.14, 0.14, 0.16),
    (0.42, 0.38, 0.32),
    (0.30, 0.34, 0.28),
    (0.50, 0.52, 0.56),
    (0.36, 0.24, 0.20),
)
_WALLS: tuple[Rgb, ...] = (
    (0.82, 0.80, 0.74),
    (0.70, 0.76, 0.78),
    (0.80, 0.74, 0.66),
    (0.74, 0.78, 0.70),
)
_WOODS: tuple[tuple[Rgb, Rgb], ...] = (
    ((0.62, 0.44, 0.28), (0.46, 0.31, 0.19)),
    ((0.76, 0.62, 0.44), (0.62, 0.48, 0.32)),
    ((0.38, 0.26, 0.18), (0.27, 0.18, 0.12)),
)
_PATTERNS = (ROWS, COLUMNS, CHECKS, BLOBS, PLAIN)


def _pick(options: Sequence[Rgb], random: np.random.Generator) -> Rgb:
    return options[int(random.integers(len(options)))]


def _skin(random: np.random.Generator) -> Texture:
    return Texture(_pick(_SKINS, random), mottle=0.07, mottle_m=0.05, infrared=0.62)


def _hair(random: np.random.Generator) -> Texture:
    return Texture(_pick(_HAIRS, random), mottle=0.35, mottle_m=0.04, infrared=0.22)


def _shirt(random: np.random.Generator) -> Texture:
    order = random.permutation(len(_CLOTHES))
    return Texture(
        _CLOTHES[order[0]],
        _CLOTHES[order[1]],
        pattern=_PATTERNS[int(random.integers(len(_PATTERNS)))],
        period_m=float(random.uniform(0.08, 0.16)),
        mottle=0.22,
        mottle_m=0.07,
        infrared=float(random.uniform(0.45, 0.8)),
    )


def _trousers(random: np.random.Generator) -> Texture:
    color = _pick(_LEGS, random)
    infrared = float(random.uniform(0.4, 0.7))
    return Texture(color, mottle=0.28, mottle_m=0.08, infrared=infrared)


def _shoes(random: np.random.Generator) -> Texture:
    return Texture(_pick(_LEGS, random), mottle=0.2, mottle_m=0.05, infrared=0.45)


def _wood(random: np.random.Generator) -> Texture:
    light, dark = _WOODS[int(random.integers(len(_WOODS)))]
    return Texture(light, dark, GRAIN, 0.07, mottle=0.12, mottle_m=0.3, infrared=0.6)


def _wall(random: np.random.Generator) -> Texture:
    return Texture(_pick(_WALLS, random), mottle=0.05, mottle_m=0.4, infrared=0.7)


def _ceiling(_: np.random.Generator) -> Texture:
    return Texture((0.90, 0.90, 0.88), mottle=0.04, mottle_m=0.5, infrared=0.75)


def _floor(random: np.random.Generator) -> Texture:
    if random.random() < 0.5:
        wood = _wood(random)
        (r, g, b), (r2, g2, b2) = wood.color, wood.second
        near = ((2 * r + r2) / 3, (2 * g + g2) / 3, (2 * b + b2) / 3)
        return replace(wood, second=near, period_m=0.14, infrared=0.5)
    color = _pick(((0.58, 0.57, 0.55), (0.50, 0.46, 0.42), (0.44, 0.48, 0.52)), random)
    dark = (0.8 * color[0], 0.8 * color[1], 0.8 * color[2])
    return Texture(color, dark, TILES, 0.5, mottle=0.14, mottle_m=0.2, infrared=0.5)


def _curtain(random: np.random.Generator) -> Texture:
    order = random.permutation(len(_CLOTHES))
    first, second = _CLOTHES[order[0]], _CLOTHES[order[1]]
    return Texture(first, second, BLOBS, 0.22, mottle=0.15, mottle_m=0.12, infrared=0.6)


def _television(random: np.random.Generator) -> Texture:
    order = random.permutation(len(_CLOTHES))
    first, second = _CLOTHES[order[0]], _CLOTHES[order[1]]
    return Texture(
        first, second, BLOBS, 0.3, mottle=0.3, mottle_m=0.15, infrared=0.12, emission=1.0
    )


def _frame(_: np.random.Generator) -> Texture:
    return Texture((0.10, 0.10, 0.11), mottle=0.05, infrared=0.2)


def _picture(random: np.random.Generator) -> Texture:
    order = random.permutation(len(_CLOTHES))
    return Texture(_CLOTHES[order[0]], _CLOTHES[order[1]], BLOBS, 0.25, mottle=0.3, infrared=0.6)


def _eyes(_: np.random.Generator) -> Texture:
    return Texture((0.85, 0.84, 0.82), (0.1, 0.08, 0.07), mottle=0.0, infrared=0.5)


def _iris(random: np.random.Generator) -> Texture:
    return Texture(_pick(_IRISES, random), mottle=0.0, infrared=0.3)


def _paper(_: np.random.Generator) -> Texture:
    return Texture((0.93, 0.93, 0.90), mottle=0.1, mottle_m=0.03, infrared=0.8)


def _seat(random: np.random.Generator) -> Texture:
    return Texture(_pick(_LEGS, random), mottle=0.2, mottle_m=0.08, infrared=0.5)


def _other(random: np.random.Generator) -> Texture:
    return Texture(_pick(_CLOTHES, random), mottle=0.15, mottle_m=0.05)


_BY_MATERIAL = {
    "skin": _skin,
    "hair": _hair,
    "shirt": _shirt,
    "trousers": _trousers,
    "shoes": _shoes,
    "wood": _wood,
    "wall": _wall,
    "ceiling": _ceiling,
    "floor": _floor,
    "curtain": _curtain,
    "television": _television,
    "screen": _frame,
    "eyes": _eyes,
    "iris": _iris,
    "paper": _paper,
    "seat": _seat,
    "frame": _frame,
    "picture": _picture,
}


def _choose(name: str, random: np.random.Generator) -> Texture:
    """The texture for the part of the name before "_", as "shirt" for "shirt_sleeve"."""
    return _BY_MATERIAL.get(name.partition("_")[0], _other)(random)
