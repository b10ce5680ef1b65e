"""From a written part to a stance: legs carry the hips, hands reach their holds."""

from itertools import pairwise

import numpy as np

from skelflow.synth.limbs import reach, turn_limb
from skelflow.synth.play import GRIPS, Hold, Play
from skelflow.synth.rig import SIDES, Moves, Stance, hips_m, move_bones, palm_frame, rest_stance
from skelflow.synth.timing import ease
from skelflow.synth.turns import (
    Turn,
    Vector,
    axis_of,
    frame_of,
    inverse,
    part_way,
    rotate,
    turn_about,
    twist_about,
    unit,
)

UPRIGHT = 0.992  # of the leg's length when standing
SOFTNESS_M = 0.006  # how gradually one leg takes over from the other
WRIST_RAD = 1.2  # farthest a hand bends
PRONATION_RAD = 1.75  # farthest a forearm turns either way from its rest
CLAVICLE = 0.16  # of the arm's turn


def solve_stance(play: Play) -> Stance:
    """The stance over time that does what the part says."""
    frames = len(play.time_s)
    pelvis = turn_about(play.pelvis)
    chest = pelvis @ turn_about(play.trunk)
    head = chest @ turn_about(play.head)
    legs = _Legs(play, pelvis)
    base = rest_stance(frames, root_m=hips_m(play.body))
    parts = {**vars(base), "root_m": legs.root_m, "pelvis": pelvis, "chest": chest, "head": head}
    parts |= legs.turns()
    trunk = move_bones(play.body, Stance(**parts))
    arms = [_turn_arm(play, trunk, chest, side) for side in (0, 1)]
    for number, name in enumerate(("clavicle", "upper_arm", "forearm", "hand", "curl")):
        parts[name] = np.stack([arm[number] for arm in arms], axis=1)
    return Stance(**parts)


class _Legs:
    """Feet where the part puts them, hips as high as the legs allow, knees forward."""

    def __init__(self, play: Play, pelvis: Turn) -> None:
        self.play, self.pelvis = play, pelvis
        yaw = play.yaw_rad * np.array([-1, 1]) + play.heading_rad
        flat = turn_about(np.stack([0 * yaw, yaw, 0 * yaw], axis=-1))
        pitch = turn_about(np.stack([play.heel_rad, 0 * yaw, 0 * yaw], axis=-1))
        self.foot = flat @ pitch
        self.toes = flat @ turn_about(
            np.stack([np.minimum(play.heel_rad, 0), 0 * yaw, 0 * yaw], axis=-1)
        )
        self.ankle_m = np.stack([self._ankle(side) for side in (0, 1)], axis=1)
        self.root_m = self._root()

    def _ankle(self, side: int) -> Vector:
        body, letter = self.play.body, SIDES[side]
        offset = body.bone_m(f"foot.{letter}") - body.bone_m(f"toe1-1.{letter}")
        return np.asarray(self.play.balls_m[:, side] + rotate(self.foot[:, side], offset))

    def _hip(self, side: int) -> Vector:
        """Where a hip is, from the hips' middle."""
        body = self.play.body
        return rotate(self.pelvis, body.bone_m(f"upperleg01.{SIDES[side]}") - hips_m(body))

    def _root(self) -> Vector:
        play = self.play
        root = play.shift_m * np.array([1, 0, -1])
        lowest = []
        for side in (0, 1):
            hip, ankle = root + self._hip(side), self.ankle_m[:, side]
            aside = np.linalg.norm((hip - ankle)[:, [0, 2]], axis=1)
            length = UPRIGHT * sum(play.leg_m(side))
            rise = np.sqrt(np.maximum(length**2 - aside**2, (0.3 * length) ** 2))
            lowest.append(ankle[:, 1] - rise - self._hip(side)[:, 1])
        carried = SOFTNESS_M * np.logaddexp(*(height / SOFTNESS_M for height in lowest))
        standing = np.maximum(carried, np.max(lowest, axis=0)) - play.shift_m[:, 1]
        root[:, 1] = standing + play.seat * (-play.seat_m - standing)
        return np.asarray(root)

    def turns(self) -> dict[str, np.ndarray]:
        """Rotations of thighs, shins, feet and toes."""
        limbs = [self._leg(side) for side in (0, 1)]
        thigh, shin = (np.stack([limb[n] for limb in limbs], axis=1) for n in (0, 1))
        return {"thigh": thigh, "shin": shin, "foot": self.foot, "toes": self.toes}

    def _leg(self, side: int) -> tuple[Turn, Turn]:
        body, letter = self.play.body, SIDES[side]
        start = self.root_m + self._hip(side)
        ahead = np.array([0.12 * self.play.out(side), 0.0, -1.0])
        toward = rotate(part_way(self.pelvis, self.foot[:, side], 0.5), ahead)
        limb = reach(start, self.ankle_m[:, side], toward, self.play.leg_m(side))
        rest = tuple(body.bone_m(f"{bone}.{letter}") for bone in _LEG)
        return turn_limb((rest[0], rest[1], rest[2]), start, limb)


_LEG = ("upperleg01", "lowerleg01", "foot")
_ARM = ("upperarm01", "lowerarm01", "wrist")


def _turn_arm(
    play: Play, trunk: Moves, chest: Turn, side: int
) -> tuple[Turn, Turn, Turn, Turn, np.ndarray]:
    """Rotations of clavicle, upper arm, forearm and hand, and the fingers' curl."""
    course = _HandCourse(play, trunk, side)
    body, letter = play.body, SIDES[side]
    bones = [body.bone_m(f"{bone}.{letter}") for bone in _ARM]
    rest = (bones[0], bones[1], bones[2])
    clavicle_m = trunk.place_m[:, body.template.bone(f"clavicle.{letter}")]
    offset = bones[0] - body.bone_m(f"clavicle.{letter}")
    hand, wrist_m = course.hand, course.wrist_m(course.hand)
    clavicle = _clavicle(chest, rest, clavicle_m + rotate(chest, offset), wrist_m)
    shoulder_m = clavicle_m + rotate(clavicle, offset)
    toward = rotate(chest, course.elbow)
    upper, forearm = chest, chest
    for _ in range(4):
        limb = reach(shoulder_m, wrist_m, toward, play.arm_m(side))
        upper, forearm = turn_limb(rest, shoulder_m, limb)
        hand = _within_limits(forearm, course.hand, unit(rest[2] - rest[1]))
        wrist_m = course.wrist_m(hand)
    return clavicle, upper, forearm, hand, course.curl


def _clavicle(
    chest: Turn, rest: tuple[Vector, Vector, Vector], shoulder_m: Vector, wrist_m: Vector
) -> Turn:
    """The shoulder goes along with the arm, a part of its turn, less downward than up."""
    lifted = rotate(inverse(chest), unit(wrist_m - shoulder_m))
    resting = unit(rest[2] - rest[0])
    turn = np.cross(np.broadcast_to(resting, lifted.shape), lifted)
    high = np.clip(1 - (lifted[:, 1] - resting[1]) / 0.5, 0.35, 1)[:, None]
    return np.asarray(chest @ turn_about(CLAVICLE * high * turn))


def _within_limits(forearm: Turn, hand: Turn, axis: Vector) -> Turn:
    """The hand's rotation, no farther bent and turned than a wrist and a forearm can."""
    relative = inverse(forearm) @ hand
    turned = twist_about(relative, axis)
    kept = np.clip(turned, -PRONATION_RAD, PRONATION_RAD)
    bent = axis_of(relative @ turn_about(-turned[:, None] * axis))
    size = np.linalg.norm(bent, axis=1, keepdims=True).clip(1e-9)
    bent = bent * np.minimum(1, WRIST_RAD * np.tanh(size / WRIST_RAD) / size)
    return np.asarray(forearm @ turn_about(bent) @ turn_about(kept[:, None] * axis))


class _HandCourse:
    """Where one hand should be and how it should be turned, over time."""

    def __init__(self, play: Play, trunk: Moves, side: int) -> None:
        self.play, self.trunk, self.side = play, trunk, side
        holds = sorted(play.hands[side], key=lambda hold: hold.arrive_s)
        self.goal_m, self.touch, self.hand, self.elbow, self.curl = self._stay(holds[0])
        for before, after in pairwise(holds):
            share = ease(play.time_s, before.leave_s, after.arrive_s)
            self._go(after, share)
        self.elbow = unit(self.elbow)

    def _stay(self, hold: Hold) -> tuple[Vector, Vector, Turn, Vector, np.ndarray]:
        frames = len(self.play.time_s)
        turn, place = self._anchor(hold.anchor)
        goal = place + rotate(turn, self._stage(hold.offset_m))
        pair = frame_of(self._stage(hold.fingers), self._stage(hold.palm))
        rest = palm_frame(self.play.body, SIDES[self.side])
        hand = turn @ pair @ rest.T
        touch = np.broadcast_to(self.play.touch_m(self.side, hold.touch), (frames, 3))
        lift = np.broadcast_to(np.asarray(hold.elbow, np.float64), (frames,)) * np.pi / 2
        out = self.play.out(self.side)
        elbow = np.stack([out * np.sin(lift), np.cos(lift), 0.45 + 0 * lift], axis=-1)
        return goal, touch, hand, elbow, np.broadcast_to(GRIPS[hold.grip], (frames, 5))

    def _go(self, hold: Hold, share: np.ndarray) -> None:
        """Blend toward the next hold."""
        goal, touch, hand, elbow, curl = self._stay(hold)
        s = share[:, None]
        arc = self._stage(hold.arc_m) * 4 * s * (1 - s)
        self.goal_m = self.goal_m + s * (goal - self.goal_m) + arc
        self.touch = self.touch + s * (touch - self.touch)
        self.hand = part_way(self.hand, hand, share)
        self.elbow = self.elbow + s * (elbow - self.elbow)
        self.curl = self.curl + s * (curl - self.curl)

    def wrist_m(self, hand: Turn) -> Vector:
        """Where the wrist must be for the hand, so turned, to touch its goal."""
        return np.asarray(self.goal_m - rotate(hand, self.touch))

    def _stage(self, direction: object) -> Vector:
        """(outward, up, forward) on stage axes, one for each frame."""
        given = np.asarray(direction, np.float64)
        signs = np.array([self.play.out(self.side), -1.0, -1.0])
        return np.broadcast_to(given * signs, (len(self.play.time_s), 3))

    def _anchor(self, name: str) -> tuple[Turn, Vector]:
        """The frame and the place of what a hold hangs on, over time."""
        body, trunk = self.play.body, self.trunk
        letter = SIDES[self.side]
        frames = len(self.play.time_s)
        if name == "floor":
            return np.broadcast_to(np.eye(3), (frames, 3, 3)), np.zeros((frames, 3))
        if name == "shoulder":
            bone, rest = body.template.bone("spine01"), body.bone_m(f"upperarm01.{letter}")
        elif name == "hip":
            bone, rest = body.template.bone("root"), body.bone_m(f"upperleg01.{letter}")
        else:
            place = body.template.landmark_names.index(name)
            bone, rest = int(body.template.landmark_bone[place]), body.landmark_m(name)
        return trunk.turn[:, bone], trunk.carry(body, bone, rest)
