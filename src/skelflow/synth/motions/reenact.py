"""Re-enact a skeleton recording on a body: the recording's bone directions, the body's lengths."""

import numpy as np
from jaxtyping import Float, Float64
from scipy.ndimage import gaussian_filter1d

from skelflow.skeleton.layouts import KINECT_V2
from skelflow.synth.actor import Performance
from skelflow.synth.motions.play import GRIPS
from skelflow.synth.motions.recorded import SIDE_NAMES, Places, read_places
from skelflow.synth.people.body import Body
from skelflow.synth.people.kinematics import SIDES, Moves, Stance, move_bones
from skelflow.synth.people.limbs import Limb, turn_limb
from skelflow.synth.people.person import draw_person
from skelflow.synth.people.rotations import (
    Turn,
    Vector,
    between,
    part_way,
    rotate,
    turn_about,
    twist_about,
    unit,
)
from skelflow.types import Skeleton

UPWARD = np.array([0.0, -1.0, 0.0])  # where sensors see the head above the neck of who stands
STRAIGHT = 0.35  # below this sine a limb's own bend does not quite say where its hinge lies
ONE_WAY = 0.6  # cosine from which on a knee bends the way knees do
ROLL_RAD = 0.25  # farthest a bone rolls about itself from frame to frame
HINGE_FRAMES = 2.0  # over which hinges, hands and feet are smoothed
PLANTED_M = 0.06  # a foot this near to the floor stands on it
HANGING_M = 0.12  # one this much higher hangs as the recording says
SHOULDER_RAD, WRIST_RAD, FOOT_RAD = 0.45, 0.9, 0.7

Rest = dict[str, Float64[np.ndarray, " 3"]]


def reenact(skeleton: Skeleton, *, performer: int, seed: int) -> Performance:
    """A recorded skeleton played by somebody else's body, frame by frame.

    Limbs point where the recording's point; lengths, shape and clothes are the performer's. Who
    is recorded walks as much farther or less far as their legs are longer or shorter. The trunk's
    twist follows hips and shoulders, that of an arm the bend of the elbow; turned palms and the
    gaze are not in a recording and stay at rest. `recorded.read_places` says how gaps, mirrored
    pictures and tilted sensors are dealt with.

    Parameters
    ----------
    skeleton : layout kinect_v1 or kinect_v2; bodies seen in less than half the frames are left out.
    performer, seed : as in `perform`; a second body is the performer's partner.

    Raises
    ------
    DataError
        Nobody is there in at least half the frames, or a joint never is.
    """
    recorded = read_places(skeleton)
    middle = np.mean([places["spine_base"][0, [0, 2]] for places in recorded], axis=0)
    people = []
    for partner, places in enumerate(recorded):
        person = draw_person(performer, seed, partner)
        stance = _take_stance(person.body, places)
        moves = _set_down(person.body, stance, places, middle)
        people.append(person.act(moves))
    return Performance(tuple(people), (), len(skeleton))


def _rest_places(body: Body, *, like: Places) -> Rest:
    """The same joints of the body at rest."""
    return {name: body.joints_m[KINECT_V2.joints.index(name)] for name in like}


def _take_stance(body: Body, places: Places) -> Stance:
    """Rotations of all parts; the root stays where the recording has it."""
    rest = _rest_places(body, like=places)

    def turned(start: str, end: str, left: str, right: str) -> Turn:
        at_rest = (rest[end] - rest[start], rest[left] - rest[right])
        return between(at_rest, (places[end] - places[start], places[left] - places[right]))

    pelvis = turned("spine_base", "spine_shoulder", "left_hip", "right_hip")
    chest = turned("spine_mid", "spine_shoulder", "left_shoulder", "right_shoulder")
    gaze = places["head"] - places["neck"]
    across = places["left_shoulder"] - places["right_shoulder"]
    head = between((UPWARD, rest["left_shoulder"] - rest["right_shoulder"]), (gaze, across))
    lifted = np.clip(_heights(places) / HANGING_M, 0, 1)
    arms = [_turn_arm(places, rest, chest, side) for side in (0, 1)]
    legs = [_turn_leg(places, rest, pelvis, lifted, side) for side in (0, 1)]
    clavicle, upper, forearm, hand = (np.stack([a[n] for a in arms], axis=1) for n in range(4))
    thigh, shin, foot = (np.stack([leg[n] for leg in legs], axis=1) for n in range(3))
    frames = len(pelvis)
    return Stance(
        root_m=(places["left_hip"] + places["right_hip"]) / 2,
        pelvis=pelvis,
        chest=chest,
        head=head,
        clavicle=clavicle,
        upper_arm=upper,
        forearm=forearm,
        hand=hand,
        thigh=thigh,
        shin=shin,
        foot=foot,
        toes=foot,
        curl=np.broadcast_to(GRIPS["loose"], (frames, 2, 5)).copy(),
    )


def _turn_arm(places: Places, rest: Rest, chest: Turn, side: int) -> tuple[Turn, Turn, Turn, Turn]:
    """Clavicle, upper arm, forearm, hand."""
    name, out = SIDE_NAMES[side], 1 if side == 0 else -1
    shoulder = f"{name}_shoulder"
    clavicle = _swing_to(
        chest,
        rest[shoulder] - rest["spine_shoulder"],
        places[shoulder] - places["spine_shoulder"],
        SHOULDER_RAD,
    )
    toward = rotate(chest, np.array([0.3 * out, 1.0, 0.5]))
    upper, forearm = _turn_limb(
        places, rest, (shoulder, f"{name}_elbow", f"{name}_wrist"), toward, one_way=False
    )
    ahead = f"{name}_hand"
    hand = _swing_to(
        forearm,
        rest[ahead] - rest[f"{name}_wrist"],
        places[ahead] - places[f"{name}_wrist"],
        WRIST_RAD,
    )
    return clavicle, upper, forearm, hand


def _turn_leg(
    places: Places, rest: Rest, pelvis: Turn, lifted: Float64[np.ndarray, "t 2"], side: int
) -> tuple[Turn, Turn, Turn]:
    """Thigh, shin, foot."""
    name, out = SIDE_NAMES[side], 1 if side == 0 else -1
    toward = rotate(pelvis, np.array([0.12 * out, 0.0, -1.0]))
    joints = (f"{name}_hip", f"{name}_knee", f"{name}_ankle")
    thigh, shin = _turn_limb(places, rest, joints, toward, one_way=True)
    ahead = f"{name}_foot"
    way = places[ahead] - places[joints[2]]
    hanging = _swing_to(shin, rest[ahead] - rest[joints[2]], way, FOOT_RAD)
    foot = part_way(_flat(pelvis, way), hanging, lifted[:, side])
    return thigh, shin, foot


def _flat(pelvis: Turn, way: Vector) -> Turn:
    """A foot flat on the floor, heading between where the hips and where the toes point."""
    ahead = rotate(pelvis, np.array([0.0, 0.0, -1.0])) + 0.5 * unit(way)
    heading = np.arctan2(-ahead[:, 0], -ahead[:, 2])
    return turn_about(np.stack([0 * heading, heading, 0 * heading], axis=1))


def _turn_limb(
    places: Places, rest: Rest, joints: tuple[str, str, str], toward: Vector, *, one_way: bool
) -> tuple[Turn, Turn]:
    """Both bones of a limb; where it is straight, the hinge is the one `toward` suggests.

    A knee bends `one_way`: one that a sensor saw bent forward is a straight one.
    """
    start, middle, end = (places[joint] for joint in joints)
    upper, lower = unit(middle - start), unit(end - middle)
    bend = np.cross(lower, upper)
    usual = unit(np.cross(upper + lower, toward))
    sure = np.clip(np.linalg.norm(bend, axis=1, keepdims=True) / STRAIGHT, 0, 1) ** 2
    if one_way:
        agree = np.einsum("ti,ti->t", unit(bend), usual)[:, None]
        sure = sure * np.clip(agree / ONE_WAY, 0, 1)
    hinge = gaussian_filter1d(sure * unit(bend) + (1.01 - sure) * usual, HINGE_FRAMES, axis=0)
    at_rest = (rest[joints[0]], rest[joints[1]], rest[joints[2]])
    turns = turn_limb(at_rest, start, Limb(middle, end, unit(hinge)))
    return _steady_roll(turns[0], upper), _steady_roll(turns[1], lower)


def _steady_roll(turn: Turn, along: Vector) -> Turn:
    """A bone that points the same way, but rolls about itself no faster than muscles can."""
    steady = turn.copy()
    swing = np.cross(along[:-1], along[1:])
    sine = np.linalg.norm(swing, axis=1, keepdims=True)
    angle = np.arctan2(sine, np.einsum("ti,ti->t", along[:-1], along[1:])[:, None])
    carry = turn_about(swing / sine.clip(1e-9) * angle)
    for t in range(1, len(turn)):
        carried = carry[t - 1] @ steady[t - 1]
        roll = twist_about(turn[t] @ carried.T, along[t])
        steady[t] = turn_about(np.clip(roll, -ROLL_RAD, ROLL_RAD) * along[t]) @ carried
    return steady


def _swing_to(turn: Turn, rest: Vector, goal: Vector, most_rad: float) -> Turn:
    """Bend `turn` the shortest way so that `rest` points to `goal`, at most so far."""
    here, there = unit(rotate(turn, np.asarray(rest))), unit(goal)
    axis = np.cross(here, there)
    sine = np.linalg.norm(axis, axis=1, keepdims=True)
    angle = np.arctan2(sine, np.einsum("ti,ti->t", here, there)[:, None])
    limited = most_rad * np.tanh(angle / most_rad)
    bend = gaussian_filter1d(limited * axis / sine.clip(1e-9), HINGE_FRAMES, axis=0)
    return np.asarray(turn_about(bend) @ turn)


def _set_down(body: Body, stance: Stance, places: Places, middle: Float[np.ndarray, " 2"]) -> Moves:
    """Bones with the feet on the floor wherever the recording's are on theirs."""
    recorded = np.linalg.norm(places["left_hip"] - places["left_knee"], axis=1)
    recorded = recorded + np.linalg.norm(places["left_knee"] - places["left_ankle"], axis=1)
    ratio = -float(body.bone_m("upperleg01.L")[1]) / (float(np.median(recorded)) + 0.08)
    stance.root_m[:, [0, 2]] = (stance.root_m[:, [0, 2]] - middle) * ratio
    stance.root_m[:, 1] = 0
    lifted = ratio * _heights(places).min(axis=1)
    moves = move_bones(body, stance)
    lowest = np.max([_soles(body, moves, letter) for letter in SIDES], axis=0)
    stance.root_m[:, 1] = gaussian_filter1d(-lowest - lifted, 1.0)
    return move_bones(body, stance)


def _heights(places: Places) -> Float64[np.ndarray, "t 2"]:
    """How high each foot is lifted; 0 where it is near enough to the floor to stand on it."""
    ankles = np.stack([places[f"{name}_ankle"][:, 1] for name in SIDE_NAMES], axis=1)
    floor = np.percentile(ankles.max(axis=1), 90)
    return np.asarray(np.maximum(floor - ankles - PLANTED_M, 0))


def _soles(body: Body, moves: Moves, letter: str) -> Float64[np.ndarray, " t"]:
    """How low the lower of heel and ball is."""
    foot = body.template.bone(f"foot.{letter}")
    ankle, ball = body.bone_m(f"foot.{letter}"), body.bone_m(f"toe1-1.{letter}")
    heel = np.array([ankle[0], 0.0, ankle[2] + 0.04])
    under = np.array([ball[0], 0.0, ball[2]])
    places = [moves.carry(body, foot, point)[:, 1] for point in (heel, under)]
    return np.asarray(np.max(places, axis=0))
