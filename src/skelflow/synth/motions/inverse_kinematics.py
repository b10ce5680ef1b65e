"""From a written part to a stance: legs carry the hips, hands reach their holds."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from skelflow.synth.motions.hands import HandCourse
from skelflow.synth.motions.play import Play
from skelflow.synth.people.kinematics import SIDES, Moves, Stance, hips_m, move_bones, rest_stance
from skelflow.synth.people.limbs import reach, turn_limb
from skelflow.synth.people.rotations import (
    Turn,
    Vector,
    inverse,
    part_way,
    rotate,
    turn_about,
    unit,
)

UPRIGHT = 0.996  # of the leg's length when standing
SOFTNESS_M = 0.006  # how gradually one leg takes over from the other
CLAVICLE = 0.16  # of the arm's turn
STEADY_FRAMES = 2.0  # over which the side an elbow points to is smoothed
ROUNDS = 6  # the hand's turn depends on the forearm, which depends on where the hand's turn puts it


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
    course = HandCourse(play, trunk, side)
    body, letter = play.body, SIDES[side]
    bones = [body.bone_m(f"{bone}.{letter}") for bone in _ARM]
    rest = (bones[0], bones[1], bones[2])
    clavicle_m = trunk.place_m[:, body.template.bone(f"clavicle.{letter}")]
    offset = bones[0] - body.bone_m(f"clavicle.{letter}")
    hand = course.free_turn()
    wrist_m = course.wrist_m(hand)
    clavicle = _clavicle(chest, rest, clavicle_m + rotate(chest, offset), wrist_m)
    shoulder_m = clavicle_m + rotate(clavicle, offset)
    toward = rotate(chest, course.elbow)
    upper, forearm = chest, chest
    for _ in range(ROUNDS):
        steady = _steady(wrist_m - shoulder_m, toward)
        limb = reach(shoulder_m, wrist_m, steady, play.arm_m(side))
        upper, forearm = turn_limb(rest, shoulder_m, limb)
        hand = course.turn_on(forearm)
        wrist_m = course.wrist_m(hand)
    return clavicle, upper, forearm, hand, course.curl


def _steady(way: Vector, toward: Vector) -> Vector:
    """Where the elbow goes, without a jump where the hand passes between shoulder and elbow."""
    axis = unit(way)
    hinge = gaussian_filter1d(np.cross(axis, toward), STEADY_FRAMES, axis=0)
    return np.asarray(np.cross(hinge, axis))


def _clavicle(
    chest: Turn, rest: tuple[Vector, Vector, Vector], shoulder_m: Vector, wrist_m: Vector
) -> Turn:
    """The shoulder goes along with the arm, a part of its turn, less downward than up."""
    lifted = rotate(inverse(chest), unit(wrist_m - shoulder_m))
    resting = unit(rest[2] - rest[0])
    turn = np.cross(np.broadcast_to(resting, lifted.shape), lifted)
    high = np.clip(1 - (lifted[:, 1] - resting[1]) / 0.5, 0.35, 1)[:, None]
    return np.asarray(chest @ turn_about(CLAVICLE * high * turn))
