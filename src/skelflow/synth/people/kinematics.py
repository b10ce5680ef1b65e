"""Forward kinematics: from body-part rotations to the motion of every bone and joint."""

from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float32, Float64

from skelflow.synth.people.body import Body
from skelflow.synth.people.rotations import (
    RotationMatrix,
    from_rotvec,
    inverse,
    rotate,
    slerp,
    twist_angle,
    unit,
)

SIDES = ("L", "R")
SPINE = {"spine05": 0.1, "spine04": 0.3, "spine03": 0.5, "spine02": 0.75, "spine01": 1.0}
NECK = {"neck01": 0.25, "neck02": 0.5, "neck03": 0.75, "head": 1.0}
FINGERS = 5  # thumb first
BEND_RAD = (0.75, 1.45, 1.75, 1.1)  # a closed fist: thumb's joints, then the fingers' three


@dataclass(frozen=True)
class Pose:
    """Rotations of body parts from the rest pose, over time.

    Parameters
    ----------
    root_m : (t, 3) midpoint of the hips.
    pelvis, chest, head : (t, 3, 3) rotations in scene coordinates.
    clavicle, upper_arm, forearm, hand, thigh, shin, foot, toes : (t, 2, 3, 3)
        The same for left and right. The forearm rotates about the elbow's hinge only;
        the hand's twist is distributed along the forearm's skin.
    curl : (t, 2, 5) flexion of each finger, 0 to 1, thumb first.
    """

    root_m: Float64[np.ndarray, "t 3"]
    pelvis: Float64[np.ndarray, "t 3 3"]
    chest: Float64[np.ndarray, "t 3 3"]
    head: Float64[np.ndarray, "t 3 3"]
    clavicle: Float64[np.ndarray, "t 2 3 3"]
    upper_arm: Float64[np.ndarray, "t 2 3 3"]
    forearm: Float64[np.ndarray, "t 2 3 3"]
    hand: Float64[np.ndarray, "t 2 3 3"]
    thigh: Float64[np.ndarray, "t 2 3 3"]
    shin: Float64[np.ndarray, "t 2 3 3"]
    foot: Float64[np.ndarray, "t 2 3 3"]
    toes: Float64[np.ndarray, "t 2 3 3"]
    curl: Float64[np.ndarray, "t 2 5"]

    def __len__(self) -> int:
        return len(self.root_m)


@dataclass(frozen=True)
class BoneMotion:
    """Rotation and position of each bone over time, scene coordinates."""

    rotation: Float64[np.ndarray, "t bones 3 3"]
    place_m: Float64[np.ndarray, "t bones 3"]

    def transform_point(
        self, body: Body, bone: int, rest_m: Float64[np.ndarray, " 3"]
    ) -> np.ndarray:
        """(t, 3): a rest-pose point attached to one bone, over time."""
        offset = rest_m - body.bones_m[bone]
        return np.asarray(self.place_m[:, bone] + rotate(self.rotation[:, bone], offset))

    def matrices(self, body: Body) -> Float32[np.ndarray, "t bones 3 4"]:
        """Skinning matrices: rest point (x, y, z, 1) to scene coordinates."""
        shift = self.place_m - rotate(self.rotation, body.bones_m)
        return np.concatenate([self.rotation, shift[..., None]], axis=-1).astype(np.float32)

    def joints(self, body: Body) -> Float32[np.ndarray, "t 25 3"]:
        """Kinect v2 joints, each attached to its bone."""
        bone = body.template.joint_bone.astype(int)
        offset = body.joints_m - body.bones_m[bone]
        places = self.place_m[:, bone] + rotate(self.rotation[:, bone], offset)
        return np.asarray(places, np.float32)


def rest_pose(frames: int, *, root_m: Float64[np.ndarray, " 3"]) -> Pose:
    """The rest pose, constant over `frames`."""
    still = np.broadcast_to(np.eye(3), (frames, 3, 3)).copy()
    both = np.broadcast_to(np.eye(3), (frames, 2, 3, 3)).copy()
    limbs = {field.name: both for field in fields(Pose)[4:-1]}
    root = np.broadcast_to(root_m, (frames, 3)).copy()
    return Pose(root, still, still, still, **limbs, curl=np.zeros((frames, 2, FINGERS)))


def hips_m(body: Body) -> Float64[np.ndarray, " 3"]:
    """Midpoint of both hips at rest, which `Pose.root_m` moves."""
    return np.asarray((body.bone_m("upperleg01.L") + body.bone_m("upperleg01.R")) / 2)


def transform_pose(
    pose: Pose, *, rotation: RotationMatrix, shift_m: Float64[np.ndarray, " 3"]
) -> Pose:
    """A pose after a rigid transform."""
    turned = {
        field.name: rotation @ getattr(pose, field.name)
        for field in fields(Pose)
        if field.name not in ("root_m", "curl")
    }
    return replace(pose, root_m=rotate(rotation, pose.root_m) + shift_m, **turned)


def forward_kinematics(body: Body, pose: Pose) -> BoneMotion:
    """Bone motion of a pose, with twists distributed along the limbs."""
    template = body.template
    names, frames = template.bone_names, len(pose)
    rotations = _bone_rotations(body, pose)
    rotation = np.stack([rotations[name] for name in names], axis=1)
    place = np.empty((frames, len(names), 3))
    root = template.bone("root")
    place[:, root] = pose.root_m + rotate(pose.pelvis, body.bones_m[root] - hips_m(body))
    for bone in range(len(names)):
        if bone == root:
            continue
        parent = int(template.parent[bone])
        offset = body.bones_m[bone] - body.bones_m[parent]
        carrier = _driving_bone(names[parent])
        place[:, bone] = place[:, parent] + rotate(rotations[carrier], offset)
    return BoneMotion(rotation, place)


def _driving_bone(parent: str) -> str:
    """The bone whose rotation positions a bone's children; skips the untwisted half of a limb."""
    return parent.replace("upperarm01", "upperarm02").replace("upperleg01", "upperleg02")


def _bone_rotations(body: Body, pose: Pose) -> dict[str, RotationMatrix]:
    """The rotation of every bone by name."""
    rotations = {"root": pose.pelvis}
    for name, share in SPINE.items():
        rotations[name] = slerp(pose.pelvis, pose.chest, np.full(len(pose), share))
    for name, share in NECK.items():
        rotations[name] = slerp(pose.chest, pose.head, np.full(len(pose), share))
    for side, letter in enumerate(SIDES):
        rotations |= _arm_rotations(body, pose, side, letter)
        rotations |= _finger_rotations(body, pose, side, letter)
        rotations |= _leg_rotations(body, pose, side, letter)
    return rotations


def _arm_rotations(body: Body, pose: Pose, side: int, letter: str) -> dict[str, RotationMatrix]:
    upper, forearm, hand = (
        getattr(pose, part)[:, side] for part in ("upper_arm", "forearm", "hand")
    )
    down = unit(body.bone_m(f"lowerarm01.{letter}") - body.bone_m(f"upperarm01.{letter}"))
    out = unit(body.bone_m(f"wrist.{letter}") - body.bone_m(f"lowerarm01.{letter}"))
    roll = twist_angle(inverse(pose.chest) @ upper, down)
    turned = twist_angle(inverse(forearm) @ hand, out)
    return {
        f"clavicle.{letter}": pose.clavicle[:, side],
        f"shoulder01.{letter}": pose.clavicle[:, side],
        f"upperarm01.{letter}": upper @ from_rotvec(-0.5 * roll[:, None] * down),
        f"upperarm02.{letter}": upper,
        f"lowerarm01.{letter}": forearm @ from_rotvec(0.25 * turned[:, None] * out),
        f"lowerarm02.{letter}": forearm @ from_rotvec(0.7 * turned[:, None] * out),
        f"wrist.{letter}": hand,
    }


def _finger_rotations(body: Body, pose: Pose, side: int, letter: str) -> dict[str, RotationMatrix]:
    """Each finger bends about the axis perpendicular to it and the palm normal."""
    hand, rotations = pose.hand[:, side], {}
    palm = palm_frame(body, letter)[:, 1]
    across = palm_frame(body, letter)[:, 2]
    for finger in range(1, FINGERS + 1):
        root = body.bone_m(f"finger{finger}-1.{letter}")
        along = unit(body.bone_m(f"finger{finger}-3.{letter}") - root)
        axis = unit(np.cross(along, palm)) if finger > 1 else _thumb_axis(along, palm, across)
        rotation = hand
        for part in range(1, 4):
            most = BEND_RAD[0] if finger == 1 else BEND_RAD[part]
            bend = most * pose.curl[:, side, finger - 1]
            rotation = rotation @ from_rotvec(bend[:, None] * axis)
            rotations[f"finger{finger}-{part}.{letter}"] = rotation
    return rotations


def _thumb_axis(along: np.ndarray, palm: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Bending axis of the thumb, which closes over the palm toward the little finger."""
    goal = unit(palm - 0.8 * across * np.sign(across @ along))
    return unit(np.cross(along, goal))


def _leg_rotations(body: Body, pose: Pose, side: int, letter: str) -> dict[str, RotationMatrix]:
    thigh, shin = pose.thigh[:, side], pose.shin[:, side]
    down = unit(body.bone_m(f"lowerleg01.{letter}") - body.bone_m(f"upperleg01.{letter}"))
    roll = twist_angle(inverse(pose.pelvis) @ thigh, down)
    return {
        f"upperleg01.{letter}": thigh @ from_rotvec(-0.5 * roll[:, None] * down),
        f"upperleg02.{letter}": thigh,
        f"lowerleg01.{letter}": shin,
        f"lowerleg02.{letter}": shin,
        f"foot.{letter}": pose.foot[:, side],
        f"toe1-1.{letter}": pose.toes[:, side],
    }


def palm_frame(body: Body, letter: str) -> Float64[np.ndarray, "3 3"]:
    """Axes of a hand at rest; columns: finger direction, palm normal, across."""
    wrist = body.bone_m(f"wrist.{letter}")
    fingers = body.bone_m(f"finger3-1.{letter}") - wrist
    across = body.bone_m(f"finger2-1.{letter}") - body.bone_m(f"finger5-1.{letter}")
    palm = np.cross(fingers, across) * (1 if letter == "L" else -1)
    frame = np.stack([unit(fingers), unit(palm), np.cross(unit(fingers), unit(palm))], axis=-1)
    return np.asarray(frame)
