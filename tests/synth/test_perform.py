"""Every action as a person does it: plausible, on the floor, different and repeatable."""

from functools import cache

import numpy as np
import pytest

from skelflow.datasets.catalog import find_data_set
from skelflow.errors import ConfigError
from skelflow.skeleton.layouts import KINECT_V2
from skelflow.synth.actor import NO_PART, Actor, Performance
from skelflow.synth.motions.perform import ACTIONS, LONGEST, PAIRS, SHORTEST, perform
from skelflow.synth.people.person import draw_person

HZ = 30
STIFF = [  # what both ends of these bones are carried by never changes their distance
    (KINECT_V2.joints.index(f"{side}_{start}"), KINECT_V2.joints.index(f"{side}_{end}"))
    for side in ("left", "right")
    for start, end in (
        ("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand"),
        ("hip", "knee"), ("knee", "ankle"), ("ankle", "foot"),
    )
]  # fmt: skip


@cache
def _perform(action: int, performer: int = 5, replication: int = 1, seed: int = 0) -> Performance:
    return perform(action, performer=performer, replication=replication, seed=seed)


def _joints(actor: Actor, frames: int) -> np.ndarray:
    assert actor.joints_m is not None
    return np.stack([actor.joints_m(frame) for frame in range(frames)])


def _joint(joints: np.ndarray, name: str) -> np.ndarray:
    return np.asarray(joints[:, KINECT_V2.joints.index(name)])


def test_actions_are_at_least_twenty_of_the_data_sets_own() -> None:
    names = find_data_set("ntu").action_names
    assert len(ACTIONS) >= 20
    assert {number: names[number] for number in ACTIONS} == ACTIONS


@pytest.mark.parametrize("action", ACTIONS)
def test_action_is_plausible(action: int) -> None:
    performance = _perform(action)
    assert SHORTEST <= performance.frames <= LONGEST
    assert len(performance.people) == (2 if action in PAIRS else 1)
    for actor in performance.people:
        joints = _joints(actor, performance.frames)
        assert np.isfinite(joints).all()
        speed = np.linalg.norm(np.diff(joints, axis=0), axis=2) * HZ
        assert speed.max() < 12
        assert np.linalg.norm(joints - joints[:1], axis=2).max() > 0.03
        for start, end in STIFF:
            lengths = np.linalg.norm(joints[:, start] - joints[:, end], axis=1)
            assert np.ptp(lengths) < 1e-4


@pytest.mark.parametrize("action", ACTIONS)
def test_action_bends_elbows_and_knees_no_farther_than_people_do(action: int) -> None:
    performance = _perform(action)
    for actor in performance.people:
        joints = _joints(actor, performance.frames)
        for start, middle, end in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")):
            for side in ("left", "right"):
                a, b, c = (_joint(joints, f"{side}_{joint}") for joint in (start, middle, end))
                cosine = np.einsum("ti,ti->t", a - b, c - b) / (
                    np.linalg.norm(a - b, axis=1) * np.linalg.norm(c - b, axis=1)
                )
                assert np.degrees(np.arccos(cosine)).min() > 25


@pytest.mark.parametrize("action", ACTIONS)
def test_action_keeps_the_body_whole(action: int) -> None:
    """Skin that folds through itself loses volume."""
    performance = _perform(action)
    for actor in performance.people:
        volumes = [
            _volume_m3(actor.points_m(frame), actor) for frame in range(0, performance.frames, 12)
        ]
        assert np.ptp(volumes) < 0.1 * _volume_m3(actor.texture_m, actor)


def _volume_m3(points: np.ndarray, actor: Actor) -> float:
    a, b, c = (points[actor.faces[:, corner]].astype(np.float64) for corner in range(3))
    return float(np.einsum("fi,fi->", a, np.cross(b, c)) / 6)


@pytest.mark.parametrize("action", ACTIONS)
def test_action_stays_on_the_floor(action: int) -> None:
    performance = _perform(action)
    in_the_air = {26: 0.2, 27: 0.5}
    for actor in performance.people:
        soles = np.array(
            [actor.points_m(frame)[:, 1].max() for frame in range(0, performance.frames, 4)]
        )
        assert soles.max() < 0.03  # nothing deeper than this below the floor
        assert soles.min() > -in_the_air.get(action, 0.04)


@pytest.mark.parametrize("action", [1, 2, 3, 10, 23, 28, 31, 35, 36, 37, 38, 39, 40])
def test_standing_feet_do_not_slide(action: int) -> None:
    performance = _perform(action, performer=7)
    joints = _joints(performance.people[0], performance.frames)
    for foot in ("left_foot", "right_foot", "left_ankle", "right_ankle"):
        assert np.ptp(_joint(joints, foot), axis=0).max() < 0.01


@pytest.mark.parametrize("performer", [1, 2, 4, 5])
def test_drink_brings_the_mug_to_the_mouth(performer: int) -> None:
    performance = _perform(1, performer)
    body = draw_person(performer, 0).body
    lips = int(np.linalg.norm(body.points_m - body.landmark_m("mouth"), axis=1).argmin())
    (mug,) = performance.props
    gaps = [
        np.linalg.norm(mug.points_m(t) - performance.people[0].points_m(t)[lips], axis=1).min()
        for t in range(performance.frames)
    ]
    assert min(gaps) < 0.06
    assert max(gaps) > 0.3


@pytest.mark.parametrize("performer", [1, 2, 3, 6])
def test_clapping_hands_meet(performer: int) -> None:
    performance = _perform(10, performer)
    joints = _joints(performance.people[0], performance.frames)
    gap = np.linalg.norm(_joint(joints, "left_hand") - _joint(joints, "right_hand"), axis=1)
    assert gap.min() < 0.1
    meetings = (gap[1:-1] < gap[:-2]) & (gap[1:-1] <= gap[2:]) & (gap[1:-1] < 0.12)
    assert meetings.sum() >= 3


def test_phone_is_at_the_ear() -> None:
    performance, body = _perform(28, 3), draw_person(3, 0).body
    joints = _joints(performance.people[0], performance.frames)[-1]
    head = joints[KINECT_V2.joints.index("head")]
    hands = [joints[KINECT_V2.joints.index(f"{side}_hand")] for side in ("left", "right")]
    assert min(np.linalg.norm(hand - head) for hand in hands) < 0.22 * body.build.stature_m / 1.7


def test_sitting_down_ends_on_the_chair_and_standing_up_begins_there() -> None:
    down, up = _perform(8, 3), _perform(9, 3)
    hips = [
        _joint(_joints(performance.people[0], performance.frames), "spine_base")
        for performance in (down, up)
    ]
    assert -hips[0][-1, 1] < -hips[0][0, 1] - 0.25
    assert -hips[1][0, 1] == pytest.approx(-hips[1][-1, 1] - 0.38, abs=0.15)
    (chair,) = down.props
    assert (chair.part == NO_PART).all()
    np.testing.assert_array_equal(chair.points_m(0), chair.points_m(down.frames - 1))


def test_thrown_paper_leaves_the_hand_and_falls() -> None:
    performance = _perform(7, 3)
    paper = np.stack(
        [performance.props[0].points_m(t).mean(axis=0) for t in range(performance.frames)]
    )
    joints = _joints(performance.people[0], performance.frames)
    gap = np.min(
        [
            np.linalg.norm(_joint(joints, f"{side}_hand") - paper, axis=1)
            for side in ("left", "right")
        ],
        axis=0,
    )
    assert gap[:20].max() < 0.15
    assert gap[-1] > 0.8
    assert paper[-1, 2] < -1.0  # forward


def test_jump_leaves_the_floor() -> None:
    performance = _perform(27, 3)
    feet = _joint(_joints(performance.people[0], performance.frames), "left_foot")[:, 1]
    assert feet.max() - feet.min() > 0.12


@pytest.mark.parametrize(("action", "nearer"), [(59, True), (60, False)])
def test_walking_pairs_change_their_distance(action: int, nearer: bool) -> None:
    performance = _perform(action)
    middles = [
        _joint(_joints(actor, performance.frames), "spine_base") for actor in performance.people
    ]
    apart = np.linalg.norm(middles[0] - middles[1], axis=1)
    change = apart[-1] - apart[0]
    assert (change < -1.0) if nearer else (change > 1.0)
    assert apart.min() > 0.5


def test_people_of_a_pair_face_each_other() -> None:
    performance = _perform(50)
    left, right = (_joints(actor, 1)[0] for actor in performance.people)
    assert left[0, 0] < right[0, 0]
    for joints, way in ((left, 1), (right, -1)):
        across = (
            joints[KINECT_V2.joints.index("left_shoulder")]
            - joints[KINECT_V2.joints.index("right_shoulder")]
        )
        assert np.cross(across, [0, -1, 0])[0] * way > 0.2


def test_punch_reaches_the_face() -> None:
    performance = _perform(50)
    joints = [_joints(actor, performance.frames) for actor in performance.people]
    fists = [_joint(joints[0], f"{side}_hand") for side in ("left", "right")]
    gap = np.min(
        [np.linalg.norm(fist - _joint(joints[1], "head"), axis=1) for fist in fists], axis=0
    )
    assert gap.min() < 0.3


def test_performance_is_the_same_again() -> None:
    first, again = (perform(23, performer=5, replication=1, seed=0) for _ in range(2))
    assert first.frames == again.frames
    np.testing.assert_array_equal(first.people[0].points_m(40), again.people[0].points_m(40))


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"performer": 6}, {"replication": 2}],
    ids=lambda other: next(iter(other)),
)
def test_performance_differs(other: dict[str, int]) -> None:
    one, two = (_perform(23, **changed) for changed in ({}, other))
    assert not np.allclose(one.people[0].points_m(30), two.people[0].points_m(30), atol=1e-3)


def test_performer_keeps_body_and_hand_over_replications() -> None:
    one, two = (_perform(23, replication=replication) for replication in (1, 2))
    np.testing.assert_array_equal(one.people[0].texture_m, two.people[0].texture_m)
    raised = []
    for performance in (one, two):
        joints = _joints(performance.people[0], performance.frames)
        heights = [-_joint(joints, f"{side}_hand")[:, 1].min() * -1 for side in ("left", "right")]
        raised.append(int(np.argmin(heights)))
    assert raised[0] == raised[1]


def test_perform_lists_what_it_knows_when_asked_for_something_else() -> None:
    with pytest.raises(ConfigError, match="1 drink water"):
        _perform(42)
