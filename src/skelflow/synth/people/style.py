"""Style of motion: a person's habits, and their variation between repetitions."""

from dataclasses import dataclass, replace

import numpy as np

RIGHT_HANDED = 0.87


@dataclass(frozen=True)
class Style:
    """A person's style of motion.

    Parameters
    ----------
    hand : dominant hand, 0 left, 1 right.
    tempo : speed relative to the average, 0.8 to 1.25.
    amplitude : size of movements relative to the average, 0.8 to 1.2.
    hesitation_s : delay before the motion begins.
    slouch_rad : forward bend of the back.
    stance_m : distance of each foot from the middle.
    elbow : abduction of the elbows, 0 to 1.
    turn_out_rad : outward rotation of the feet.
    repeats : -1, 0 or 1 repetitions more than usual.
    liveliness : accompanying motion of head and trunk, 0.5 to 1.5.
    """

    hand: int
    tempo: float
    amplitude: float
    hesitation_s: float
    slouch_rad: float
    stance_m: float
    elbow: float
    turn_out_rad: float
    repeats: int
    liveliness: float


def draw_style(rng: np.random.Generator, *, old: float = 0.0) -> Style:
    """Random style; the elderly move more slowly, less widely, and slouch more."""
    age = max(old - 0.5, 0.0)
    return Style(
        hand=int(rng.random() < RIGHT_HANDED),
        tempo=float(rng.uniform(0.85, 1.2) - 0.25 * age),
        amplitude=float(rng.uniform(0.85, 1.15) - 0.1 * age),
        hesitation_s=float(rng.uniform(0.1, 0.45)),
        slouch_rad=float(np.clip(rng.normal(0.03, 0.04), -0.05, 0.12) + 0.25 * age),
        stance_m=float(rng.uniform(0.085, 0.14)),
        elbow=float(rng.uniform(0.05, 0.5)),
        turn_out_rad=float(rng.uniform(0.05, 0.3)),
        repeats=int(rng.integers(-1, 2)),
        liveliness=float(rng.uniform(0.6, 1.4)),
    )


def vary_style(style: Style, rng: np.random.Generator) -> Style:
    """Random variation of a style for one repetition."""
    return replace(
        style,
        tempo=style.tempo * float(rng.uniform(0.93, 1.07)),
        amplitude=style.amplitude * float(rng.uniform(0.94, 1.06)),
        hesitation_s=style.hesitation_s * float(rng.uniform(0.6, 1.5)),
        elbow=float(np.clip(style.elbow + rng.uniform(-0.1, 0.1), 0, 0.6)),
    )
