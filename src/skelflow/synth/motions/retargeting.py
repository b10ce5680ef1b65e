"""Motion retargeting: bone directions of a recorded skeleton, bone lengths of a body."""

import numpy as np
from jaxtyping import Float, Float64
from scipy.ndimage import gaussian_filter1d

from skelflow.skeleton.layouts import KINECT_V2
from skelflow.synth.actor import Performance
from skelflow.synth.motions.joint_tracks import SIDE_NAMES, JointTracks, read_joint_tracks
from skelflow.synth.motions.motion_plan import GRIPS
from skelflow.synth.motions.timing import FRAME_RATE_HZ
from skelflow.synth.people.body import Body
from skelflow.synth.people.kinematics import SIDES, BoneMotion, Pose, forward_kinematics
from skelflow.synth.people.limbs import Limb, limb_rotations
from skelflow.synth.people.person import draw_person
from skelflow.synth.people.rotations import (
    RotationMatrix,
    Vector,
    from_rotvec,
    rotate,
    rotation_between,
    slerp,
    twist_angle,
    unit,
)
from skelflow.types import Skeleton

UPWARD = np.array([0.0, -1.0, 0.0])  # direction from neck to head of a standing person
STRAIGHT = 0.35  # sine of the bend below which a limb's hinge is uncertain
ONE_WAY = 0.6  # cosine to the usual hinge above which a knee's bend is trusted
ROLL_RAD = 0.25  # largest roll of a bone per frame
HINGE_FRAMES = 2.0  # smoothing of hinges, hands and feet
PLANTED_M = 0.06  # a foot this close to the floor is planted
HANGING_M = 0.12  # a foot this much higher follows the recording
SHOULDER_RAD, WRIST_RAD, FOOT_RAD = 0.45, 0.9, 0.7

Rest = dict[str, Float64[np.ndarray, " 3"]]


def retarget(
    skeleton: Skeleton, *, performer: int, seed: int, frame_rate_hz: float = FRAME_RATE_HZ
) -> Performance:
    """Retarget a recorded skeleton to a performer's body.

    Limbs point where the recorded ones do; bone lengths, shape and clothes are the performer's. The
    path is scaled by the ratio of leg lengths. The trunk twists with hips and shoulders, an arm
    with the bend of its elbow; palms and gaze, which recordings lack, stay at rest.
    `joint_tracks.read_joint_tracks` brings it to 30 Hz, fills gaps and removes mirroring and tilt.

    Parameters
    ----------
    skeleton : of a layout with the joints of kinect_v1 or kinect_v2; bodies tracked in less than
        half the frames are ignored.
    performer, seed : as in `perform`; a second body is the performer's partner.
    frame_rate_hz : of the skeleton.

    Raises
    ------
    DataError
        See `joint_tracks.read_joint_tracks`.
    """
    recorded = read_joint_tracks(skeleton, frame_rate_hz=frame_rate_hz)
    middle = np.mean([tracks["spine_base"][0, [0, 2]] for tracks in recorded], axis=0)
    people = []
    for partner, tracks in enumerate(recorded):
        person = draw_person(performer, seed, partner)
        pose = _recorded_pose(person.body, tracks)
        bone_motion = _ground_feet(person.body, pose, tracks, middle)
        people.append(person.act(bone_motion))
    return Performance(tuple(people), (), len(recorded[0]["spine_base"]))


def _rest_joints(body: Body, *, like: JointTracks) -> Rest:
    """The same joints of the body at rest."""
    return {name: body.joints_m[KINECT_V2.joints.index(name)] for name in like}


def _recorded_pose(body: Body, tracks: JointTracks) -> Pose:
    """Rotations of all body parts; the root stays at its recorded position."""
    rest = _rest_joints(body, like=tracks)

    def turned(start: str, end: str, left: str, right: str) -> RotationMatrix:
        at_rest = (rest[end] - rest[start], rest[left] - rest[right])
        return rotation_between(
            at_rest, (tracks[end] - tracks[start], tracks[left] - tracks[right])
        )

    pelvis = turned("spine_base", "spine_shoulder", "left_hip", "right_hip")
    chest = turned("spine_mid", "spine_shoulder", "left_shoulder", "right_shoulder")
    gaze = tracks["head"] - tracks["neck"]
    across = tracks["left_shoulder"] - tracks["right_shoulder"]
    head = rotation_between(
        (UPWARD, rest["left_shoulder"] - rest["right_shoulder"]), (gaze, across)
    )
    lifted = np.clip(_heights(tracks) / HANGING_M, 0, 1)
    arms = [_arm_rotations(tracks, rest, chest, side) for side in (0, 1)]
    legs = [_leg_rotations(tracks, rest, pelvis, lifted, side) for side in (0, 1)]
    clavicle, upper, forearm, hand = (np.stack([a[n] for a in arms], axis=1) for n in range(4))
    thigh, shin, foot = (np.stack([leg[n] for leg in legs], axis=1) for n in range(3))
    frames = len(pelvis)
    return Pose(
        root_m=(tracks["left_hip"] + tracks["right_hip"]) / 2,
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


def _arm_rotations(
    tracks: JointTracks, rest: Rest, chest: RotationMatrix, side: int
) -> tuple[RotationMatrix, RotationMatrix, RotationMatrix, RotationMatrix]:
    """Clavicle, upper arm, forearm, hand."""
    name, out = SIDE_NAMES[side], 1 if side == 0 else -1
    shoulder = f"{name}_shoulder"
    clavicle = _rotate_toward(
        chest,
        rest[shoulder] - rest["spine_shoulder"],
        tracks[shoulder] - tracks["spine_shoulder"],
        SHOULDER_RAD,
    )
    toward = rotate(chest, np.array([0.3 * out, 1.0, 0.5]))
    upper, forearm = _limb_rotations(
        tracks, rest, (shoulder, f"{name}_elbow", f"{name}_wrist"), toward, one_way=False
    )
    ahead = f"{name}_hand"
    hand = _rotate_toward(
        forearm,
        rest[ahead] - rest[f"{name}_wrist"],
        tracks[ahead] - tracks[f"{name}_wrist"],
        WRIST_RAD,
    )
    return clavicle, upper, forearm, hand


def _leg_rotations(
    tracks: JointTracks,
    rest: Rest,
    pelvis: RotationMatrix,
    lifted: Float64[np.ndarray, "t 2"],
    side: int,
) -> tuple[RotationMatrix, RotationMatrix, RotationMatrix]:
    """Thigh, shin, foot."""
    name, out = SIDE_NAMES[side], 1 if side == 0 else -1
    toward = rotate(pelvis, np.array([0.12 * out, 0.0, -1.0]))
    joints = (f"{name}_hip", f"{name}_knee", f"{name}_ankle")
    thigh, shin = _limb_rotations(tracks, rest, joints, toward, one_way=True)
    ahead = f"{name}_foot"
    way = tracks[ahead] - tracks[joints[2]]
    hanging = _rotate_toward(shin, rest[ahead] - rest[joints[2]], way, FOOT_RAD)
    foot = slerp(_flat(pelvis, way), hanging, lifted[:, side])
    return thigh, shin, foot


def _flat(pelvis: RotationMatrix, way: Vector) -> RotationMatrix:
    """A foot flat on the floor, heading between the directions of hips and toes."""
    ahead = rotate(pelvis, np.array([0.0, 0.0, -1.0])) + 0.5 * unit(way)
    heading = np.arctan2(-ahead[:, 0], -ahead[:, 2])
    return from_rotvec(np.stack([0 * heading, heading, 0 * heading], axis=1))


def _limb_rotations(
    tracks: JointTracks, rest: Rest, joints: tuple[str, str, str], toward: Vector, *, one_way: bool
) -> tuple[RotationMatrix, RotationMatrix]:
    """Rotations of a limb's bones; where the limb is straight, `toward` determines the hinge.

    With `one_way`, a bend against `toward` (a knee bent forward) is ignored as noise.
    """
    start, middle, end = (tracks[joint] for joint in joints)
    upper, lower = unit(middle - start), unit(end - middle)
    bend = np.cross(lower, upper)
    usual = unit(np.cross(upper + lower, toward))
    sure = np.clip(np.linalg.norm(bend, axis=1, keepdims=True) / STRAIGHT, 0, 1) ** 2
    if one_way:
        agree = np.einsum("ti,ti->t", unit(bend), usual)[:, None]
        sure = sure * np.clip(agree / ONE_WAY, 0, 1)
    hinge = gaussian_filter1d(sure * unit(bend) + (1.01 - sure) * usual, HINGE_FRAMES, axis=0)
    at_rest = (rest[joints[0]], rest[joints[1]], rest[joints[2]])
    rotations = limb_rotations(at_rest, start, Limb(middle, end, unit(hinge)))
    return _limit_roll(rotations[0], upper), _limit_roll(rotations[1], lower)


def _limit_roll(rotation: RotationMatrix, along: Vector) -> RotationMatrix:
    """Limit how fast a bone rolls about its own axis; its direction is unchanged."""
    steady = rotation.copy()
    swing = np.cross(along[:-1], along[1:])
    sine = np.linalg.norm(swing, axis=1, keepdims=True)
    angle = np.arctan2(sine, np.einsum("ti,ti->t", along[:-1], along[1:])[:, None])
    carry = from_rotvec(swing / sine.clip(1e-9) * angle)
    for t in range(1, len(rotation)):
        carried = carry[t - 1] @ steady[t - 1]
        roll = twist_angle(rotation[t] @ carried.T, along[t])
        steady[t] = from_rotvec(np.clip(roll, -ROLL_RAD, ROLL_RAD) * along[t]) @ carried
    return steady


def _rotate_toward(
    rotation: RotationMatrix, rest: Vector, goal: Vector, most_rad: float
) -> RotationMatrix:
    """Rotate the shortest way so that `rest` points to `goal`, at most by `most_rad`."""
    here, there = unit(rotate(rotation, np.asarray(rest))), unit(goal)
    axis = np.cross(here, there)
    sine = np.linalg.norm(axis, axis=1, keepdims=True)
    angle = np.arctan2(sine, np.einsum("ti,ti->t", here, there)[:, None])
    limited = most_rad * np.tanh(angle / most_rad)
    bend = gaussian_filter1d(limited * axis / sine.clip(1e-9), HINGE_FRAMES, axis=0)
    return np.asarray(from_rotvec(bend) @ rotation)


def _ground_feet(
    body: Body, pose: Pose, tracks: JointTracks, middle: Float[np.ndarray, " 2"]
) -> BoneMotion:
    """Bone motion with the feet on the floor wherever the recorded ones are."""
    recorded = np.linalg.norm(tracks["left_hip"] - tracks["left_knee"], axis=1)
    recorded = recorded + np.linalg.norm(tracks["left_knee"] - tracks["left_ankle"], axis=1)
    ratio = -float(body.bone_m("upperleg01.L")[1]) / (float(np.median(recorded)) + 0.08)
    pose.root_m[:, [0, 2]] = (pose.root_m[:, [0, 2]] - middle) * ratio
    pose.root_m[:, 1] = 0
    lifted = ratio * _heights(tracks).min(axis=1)
    bone_motion = forward_kinematics(body, pose)
    lowest = np.max([_soles(body, bone_motion, letter) for letter in SIDES], axis=0)
    pose.root_m[:, 1] = gaussian_filter1d(-lowest - lifted, 1.0)
    return forward_kinematics(body, pose)


def _heights(tracks: JointTracks) -> Float64[np.ndarray, "t 2"]:
    """Height of each foot above the floor; 0 where it is planted."""
    ankles = np.stack([tracks[f"{name}_ankle"][:, 1] for name in SIDE_NAMES], axis=1)
    floor = np.percentile(ankles.max(axis=1), 90)
    return np.asarray(np.maximum(floor - ankles - PLANTED_M, 0))


def _soles(body: Body, bone_motion: BoneMotion, letter: str) -> Float64[np.ndarray, " t"]:
    """The lower one of heel and ball."""
    foot = body.template.bone(f"foot.{letter}")
    ankle, ball = body.bone_m(f"foot.{letter}"), body.bone_m(f"toe1-1.{letter}")
    heel = np.array([ankle[0], 0.0, ankle[2] + 0.04])
    under = np.array([ball[0], 0.0, ball[2]])
    tracks = [bone_motion.transform_point(body, foot, point)[:, 1] for point in (heel, under)]
    return np.asarray(np.max(tracks, axis=0))
