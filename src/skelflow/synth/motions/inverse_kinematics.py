"""Inverse kinematics: from a motion plan to a pose over time."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from skelflow.synth.motions.hand_trajectory import HandTrajectory
from skelflow.synth.motions.motion_plan import MotionPlan
from skelflow.synth.people.kinematics import (
    SIDES,
    BoneMotion,
    Pose,
    forward_kinematics,
    hips_m,
    rest_pose,
)
from skelflow.synth.people.limbs import limb_rotations, reach
from skelflow.synth.people.rotations import (
    RotationMatrix,
    Vector,
    from_rotvec,
    inverse,
    rotate,
    slerp,
    unit,
)

UPRIGHT = 0.996  # share of the leg's length when standing
SOFTNESS_M = 0.006  # smoothness of the transition between supporting legs
CLAVICLE = 0.16  # share of the arm's rotation
STEADY_FRAMES = 2.0  # smoothing of the elbow's direction
ROUNDS = 6  # fixed-point iterations between hand orientation and forearm


def solve_pose(plan: MotionPlan) -> Pose:
    """The pose over time that realizes a motion plan."""
    frames = len(plan.time_s)
    pelvis = from_rotvec(plan.pelvis)
    chest = pelvis @ from_rotvec(plan.trunk)
    head = chest @ from_rotvec(plan.head)
    legs = _Legs(plan, pelvis)
    base = rest_pose(frames, root_m=hips_m(plan.body))
    parts = {**vars(base), "root_m": legs.root_m, "pelvis": pelvis, "chest": chest, "head": head}
    parts |= legs.rotations()
    trunk = forward_kinematics(plan.body, Pose(**parts))
    arms = [_arm_rotations(plan, trunk, chest, side) for side in (0, 1)]
    for number, name in enumerate(("clavicle", "upper_arm", "forearm", "hand", "curl")):
        parts[name] = np.stack([arm[number] for arm in arms], axis=1)
    return Pose(**parts)


class _Legs:
    """Leg solver: feet as planned, hips as high as the legs allow, knees forward."""

    def __init__(self, plan: MotionPlan, pelvis: RotationMatrix) -> None:
        self.plan, self.pelvis = plan, pelvis
        yaw = plan.yaw_rad * np.array([-1, 1]) + plan.heading_rad
        flat = from_rotvec(np.stack([0 * yaw, yaw, 0 * yaw], axis=-1))
        pitch = from_rotvec(np.stack([plan.heel_rad, 0 * yaw, 0 * yaw], axis=-1))
        self.foot = flat @ pitch
        self.toes = flat @ from_rotvec(
            np.stack([np.minimum(plan.heel_rad, 0), 0 * yaw, 0 * yaw], axis=-1)
        )
        self.ankle_m = np.stack([self._ankle(side) for side in (0, 1)], axis=1)
        self.root_m = self._root()

    def _ankle(self, side: int) -> Vector:
        body, letter = self.plan.body, SIDES[side]
        offset = body.bone_m(f"foot.{letter}") - body.bone_m(f"toe1-1.{letter}")
        return np.asarray(self.plan.balls_m[:, side] + rotate(self.foot[:, side], offset))

    def _hip(self, side: int) -> Vector:
        """Position of a hip relative to the hips' midpoint."""
        body = self.plan.body
        return rotate(self.pelvis, body.bone_m(f"upperleg01.{SIDES[side]}") - hips_m(body))

    def _root(self) -> Vector:
        plan = self.plan
        root = plan.shift_m * np.array([1, 0, -1])
        lowest = []
        for side in (0, 1):
            hip, ankle = root + self._hip(side), self.ankle_m[:, side]
            aside = np.linalg.norm((hip - ankle)[:, [0, 2]], axis=1)
            length = UPRIGHT * sum(plan.leg_m(side))
            rise = np.sqrt(np.maximum(length**2 - aside**2, (0.3 * length) ** 2))
            lowest.append(ankle[:, 1] - rise - self._hip(side)[:, 1])
        carried = SOFTNESS_M * np.logaddexp(*(height / SOFTNESS_M for height in lowest))
        standing = np.maximum(carried, np.max(lowest, axis=0)) - plan.shift_m[:, 1]
        root[:, 1] = standing + plan.seat * (-plan.seat_m - standing)
        return np.asarray(root)

    def rotations(self) -> dict[str, np.ndarray]:
        """Rotations of thighs, shins, feet and toes."""
        limbs = [self._leg(side) for side in (0, 1)]
        thigh, shin = (np.stack([limb[n] for limb in limbs], axis=1) for n in (0, 1))
        return {"thigh": thigh, "shin": shin, "foot": self.foot, "toes": self.toes}

    def _leg(self, side: int) -> tuple[RotationMatrix, RotationMatrix]:
        body, letter = self.plan.body, SIDES[side]
        start = self.root_m + self._hip(side)
        ahead = np.array([0.12 * self.plan.outward_sign(side), 0.0, -1.0])
        toward = rotate(slerp(self.pelvis, self.foot[:, side], 0.5), ahead)
        limb = reach(start, self.ankle_m[:, side], toward, self.plan.leg_m(side))
        rest = tuple(body.bone_m(f"{bone}.{letter}") for bone in _LEG)
        return limb_rotations((rest[0], rest[1], rest[2]), start, limb)


_LEG = ("upperleg01", "lowerleg01", "foot")
_ARM = ("upperarm01", "lowerarm01", "wrist")


def _arm_rotations(
    plan: MotionPlan, trunk: BoneMotion, chest: RotationMatrix, side: int
) -> tuple[RotationMatrix, RotationMatrix, RotationMatrix, RotationMatrix, np.ndarray]:
    """Rotations of clavicle, upper arm, forearm and hand, and the fingers' curl."""
    trajectory = HandTrajectory(plan, trunk, side)
    body, letter = plan.body, SIDES[side]
    bones = [body.bone_m(f"{bone}.{letter}") for bone in _ARM]
    rest = (bones[0], bones[1], bones[2])
    clavicle_m = trunk.place_m[:, body.template.bone(f"clavicle.{letter}")]
    offset = bones[0] - body.bone_m(f"clavicle.{letter}")
    hand = trajectory.initial_rotation()
    wrist_m = trajectory.wrist_m(hand)
    clavicle = _clavicle(chest, rest, clavicle_m + rotate(chest, offset), wrist_m)
    shoulder_m = clavicle_m + rotate(clavicle, offset)
    toward = rotate(chest, trajectory.elbow)
    upper, forearm = chest, chest
    for _ in range(ROUNDS):
        steady = _smooth_hinge(wrist_m - shoulder_m, toward)
        limb = reach(shoulder_m, wrist_m, steady, plan.arm_m(side))
        upper, forearm = limb_rotations(rest, shoulder_m, limb)
        hand = trajectory.rotation_on(forearm)
        wrist_m = trajectory.wrist_m(hand)
    return clavicle, upper, forearm, hand, trajectory.curl


def _smooth_hinge(way: Vector, toward: Vector) -> Vector:
    """Smooth the elbow's direction, which jumps when the hand passes between shoulder and elbow."""
    axis = unit(way)
    hinge = gaussian_filter1d(np.cross(axis, toward), STEADY_FRAMES, axis=0)
    return np.asarray(np.cross(hinge, axis))


def _clavicle(
    chest: RotationMatrix, rest: tuple[Vector, Vector, Vector], shoulder_m: Vector, wrist_m: Vector
) -> RotationMatrix:
    """The clavicle follows a share of the arm's rotation, less downward than upward."""
    lifted = rotate(inverse(chest), unit(wrist_m - shoulder_m))
    resting = unit(rest[2] - rest[0])
    rotation = np.cross(np.broadcast_to(resting, lifted.shape), lifted)
    high = np.clip(1 - (lifted[:, 1] - resting[1]) / 0.5, 0.35, 1)[:, None]
    return np.asarray(chest @ from_rotvec(CLAVICLE * high * rotation))
