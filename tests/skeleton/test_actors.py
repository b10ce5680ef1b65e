"""Tracks of one person are joined, actors come first by motion, and what was done is said."""

import numpy as np

from skelflow.skeleton.actors import keep_actors
from skelflow.skeleton.joining import join_tracks
from skelflow.types import Skeleton

FRAMES = 60


def person(*, x: float = 0, arms_m: float = 0, wide: bool = False) -> np.ndarray:
    """(frames, 20, 3): half of the joints swing by `arms_m` to the sides and back."""
    rng = np.random.default_rng(0)
    spread = (1.6, 1.2, 0.2) if wide else (0.5, 1.7, 0.2)
    joints = (rng.uniform(0, 1, (20, 3)) - 0.5) * np.array(spread) + np.array([x, 0, 3])
    track = np.repeat(joints[None], FRAMES, axis=0)
    track[:, :10, 1] += arms_m * np.sin(2 * np.pi * np.arange(FRAMES) / 20)[:, None]
    return (track + rng.normal(0, 0.003, track.shape)).astype(np.float32)


def skeleton(*tracks: np.ndarray) -> Skeleton:
    joints_m = np.stack(tracks, axis=1)
    there = np.isfinite(joints_m).all(axis=-1)
    return Skeleton("kinect_v1", joints_m, joints_m[..., :2].copy(), there.astype(np.uint8) * 2)


def during(track: np.ndarray, start: int, stop: int) -> np.ndarray:
    part = np.full_like(track, np.nan)
    part[start:stop] = track[start:stop]
    return part


def test_keep_actors_joins_one_person_whose_number_changes() -> None:
    track = person(arms_m=0.3)
    parts = [during(track, 0, 20), during(track, 22, 40), during(track, 40, 60)]
    found, told = keep_actors(skeleton(parts[0], person(x=1.5), parts[1], parts[2]))
    there = np.isfinite(found.joints_m[:, 0]).all(axis=(1, 2))
    np.testing.assert_array_equal(np.flatnonzero(~there), [20, 21])
    np.testing.assert_array_equal(found.joints_m[there, 0], track[there])
    assert found.tracking[there, 0].min() == 2
    assert told == ("tracks 0, 2, 3 are one body, lost and found again: joined",)


def test_join_tracks_keeps_apart_who_are_there_together_or_elsewhere() -> None:
    first, second = during(person(), 0, 40), during(person(x=1.5), 41, 60)
    together = during(person(), 30, 60)
    assert join_tracks(np.stack((first, second, together), axis=1)) == ((0,), (2,), (1,))


def test_join_tracks_goes_by_the_median_of_the_joints_that_both_have() -> None:
    last = person()
    found = last + np.where(np.arange(20) < 11, 0.9, 0.1)[:, None].astype(np.float32)
    for known, groups in ((20, ((0,), (1,))), (17, ((0, 1),)), (4, ((0,), (1,)))):
        after = found.copy()
        after[:, : 20 - known] = np.nan  # joints that are far are lost first
        tracks = np.stack((during(last, 0, 30), during(after, 30, 60)), axis=1)
        assert join_tracks(tracks) == groups


def test_keep_actors_chooses_an_actor_with_arms_out_before_a_still_upright_chair() -> None:
    found, told = keep_actors(skeleton(person(x=1.5), person(arms_m=0.4, wide=True)))
    assert abs(float(found.joints_m[:, 0, :, 0].mean())) < 0.3
    assert told == ()  # both are kept


def test_keep_actors_says_which_wide_track_it_leaves_out() -> None:
    found, told = keep_actors(skeleton(person(arms_m=0.3), person(x=1.5, arms_m=0.05, wide=True)))
    assert np.isnan(found.joints_m[:, 1]).all()
    assert len(told) == 1
    assert told[0].startswith("track 1 is left out: 60 frames, 0.0")


def test_keep_actors_moves_a_high_body_number_to_the_front() -> None:
    absent = np.full_like(person(), np.nan)
    found, _ = keep_actors(skeleton(absent, absent, absent, person(arms_m=0.2)))
    assert found.joints_m.shape[1] == 2
    assert np.isfinite(found.joints_m[:, 0]).all()
