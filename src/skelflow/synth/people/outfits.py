"""Outfits: cuts of clothes and hair, and the materials of a dressed body."""

from dataclasses import dataclass

import numpy as np

MATERIALS = ("skin", "hair", "shirt", "trousers", "shoes", "eyes", "iris")
SKIN, HAIR, SHIRT, TROUSERS, SHOES, EYES, IRIS = range(len(MATERIALS))


@dataclass(frozen=True)
class Outfit:
    """Cuts of clothes and hair.

    Parameters
    ----------
    sleeve : covered share of the arm: 0.25 (T-shirt) to 0.97.
    leg : covered share of the leg: 0.5 (shorts) to 0.97.
    hem_m : length of the shirt below the waist.
    collar_m : height of the collar above the collar bones.
    hair_m : length of hair below the ears at the back; None = bald.
    loose_m : distance of cloth from the skin.
    """

    sleeve: float
    leg: float
    hem_m: float
    collar_m: float
    hair_m: float | None
    loose_m: float


def draw_outfit(rng: np.random.Generator, *, old: float, sex: str) -> Outfit:
    """Random outfit for one person; some elderly men are bald."""
    short_sleeve, short_leg = rng.random() < 0.45, rng.random() < 0.15
    bald = sex == "male" and rng.random() < 0.35 * old
    low = rng.uniform(0.02, 0.13) if sex == "female" else rng.uniform(0.0, 0.04)
    return Outfit(
        sleeve=float(rng.uniform(0.25, 0.4) if short_sleeve else rng.uniform(0.9, 0.97)),
        leg=float(rng.uniform(0.42, 0.55) if short_leg else rng.uniform(0.93, 0.98)),
        hem_m=float(rng.uniform(0.02, 0.13)),
        collar_m=float(rng.uniform(0.025, 0.05)),
        hair_m=None if bald else float(low),
        loose_m=float(rng.uniform(0.005, 0.012)),
    )
