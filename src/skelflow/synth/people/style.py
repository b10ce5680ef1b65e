"""How somebody moves: what stays the same whatever they do, and what differs each time."""

from dataclasses import dataclass, replace

import numpy as np

RIGHT_HANDED = 0.87


@dataclass(frozen=True)
class Style:
    """A person's manner.

    Parameters
    ----------
    hand : 0 left, 1 right, the one that acts.
    tempo : how much faster than the average, 0.8 to 1.25.
    amplitude : how much wider, 0.8 to 1.2.
    hesitation_s : how long they wait before they begin.
    slouch_rad : how far the back is bent forward.
    stance_m : how far each foot stands from the middle.
    elbow : how far elbows are held off the body, 0 to 1.
    turn_out_rad : how far feet point outward.
    repeats : -1, 0 or 1 repetitions more than usual.
    liveliness : how much head and trunk go along, 0.5 to 1.5.
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
    """A person's manner; elders are slower, smaller in their movements and more bent."""
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
    """The same person another time: a little faster or slower, wider or smaller."""
    return replace(
        style,
        tempo=style.tempo * float(rng.uniform(0.93, 1.07)),
        amplitude=style.amplitude * float(rng.uniform(0.94, 1.06)),
        hesitation_s=style.hesitation_s * float(rng.uniform(0.6, 1.5)),
        elbow=float(np.clip(style.elbow + rng.uniform(-0.1, 0.1), 0, 0.6)),
    )
