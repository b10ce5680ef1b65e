"""Which tracks are people: made-up bodies whose answer is plain."""

import numpy as np

from skelflow.skeleton.tracks import select_bodies


def body(motion: float, *, frames: int = 40, present: int = 40, wide: bool = False) -> np.ndarray:
    """(frames, 25, 3): a still figure whose hand swings by `motion` meters."""
    rng = np.random.default_rng(0)
    spread = (2.0, 0.5) if wide else (0.5, 1.7)
    joints = rng.uniform(0, 1, (25, 3)) * np.array([*spread, 0.2]) + np.array([0, 0, 3])
    track = np.repeat(joints[None], frames, axis=0).astype(np.float32)
    track[:, 7, 2] += motion * np.sin(np.arange(frames))
    track[present:] = np.nan
    return track


def bodies(*tracks: np.ndarray) -> np.ndarray:
    return np.stack(tracks, axis=1)


def test_select_bodies_orders_by_motion_and_keeps_two() -> None:
    assert select_bodies(bodies(body(0.1), body(0.5), body(0.3))) == (1, 2)
    assert select_bodies(bodies(body(0.1), body(0.5), body(0.3)), keep=3) == (1, 2, 0)


def test_select_bodies_drops_a_track_when_it_is_short() -> None:
    assert select_bodies(bodies(body(0.1), body(0.5, present=11))) == (0,)
    assert select_bodies(bodies(body(0.1), body(0.5, present=12))) == (1, 0)


def test_select_bodies_drops_a_track_when_it_is_wider_than_tall() -> None:
    assert select_bodies(bodies(body(0.5, wide=True), body(0.1))) == (1,)


def test_select_bodies_keeps_a_person_who_lies_down_for_half_the_time() -> None:
    falling = body(0.5)
    falling[20:] = body(0.5, wide=True)[20:]
    assert select_bodies(bodies(falling, body(0.1))) == (0, 1)


def test_select_bodies_keeps_the_best_phantom_when_nobody_else_is_there() -> None:
    tracks = bodies(body(0.1, wide=True), body(0.4, wide=True), body(0.2, present=3))
    assert select_bodies(tracks) == (1,)


def test_select_bodies_returns_none_when_no_body_was_seen() -> None:
    assert select_bodies(np.full((5, 2, 25, 3), np.nan, np.float32)) == ()
    assert select_bodies(np.zeros((5, 0, 25, 3), np.float32)) == ()


def test_select_bodies_ignores_missing_joints() -> None:
    partial = body(0.5)
    partial[:, 3] = np.nan
    assert select_bodies(bodies(body(0.1), partial)) == (1, 0)
