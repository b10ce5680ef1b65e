"""From the rotations of a person's parts to the motion of every bone and joint."""

from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float32, Float64

from skelflow.synth.people.body import Body
from skelflow.synth.people.rotations import (
    Turn,
    inverse,
    part_way,
    rotate,
    turn_about,
    twist_about,
    unit,
)

SIDES = ("L", "R")
SPINE = {"spine05": 0.1, "spine04": 0.3, "spine03": 0.5, "spine02": 0.75, "spine01": 1.0}
NECK = {"neck01": 0.25, "neck02": 0.5, "neck03": 0.75, "head": 1.0}
FINGERS = 5  # thumb first
BEND_RAD = (0.75, 1.45, 1.75, 1.1)  # a closed fist: thumb's joints, then the fingers' three


@dataclass(frozen=True)
class Stance:
    """How a person's parts are turned from the rest pose, over time.

    Parameters
    ----------
    root_m : (t, 3) where the hips' middle is.
    pelvis, chest, head : (t, 3, 3) rotations in stage coordinates.
    clavicle, upper_arm, forearm, hand, thigh, shin, foot, toes : (t, 2, 3, 3)
        The same for left and right. The forearm follows the elbow's hinge; how far the hand turns
        about it is spread over the forearm's skin.
    curl : (t, 2, 5) how far each finger is closed, 0 to 1, thumb first.
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
class Moves:
    """What each bone does over time: turn and place, stage coordinates."""

    turn: Float64[np.ndarray, "t bones 3 3"]
    place_m: Float64[np.ndarray, "t bones 3"]

    def carry(self, body: Body, bone: int, rest_m: Float64[np.ndarray, " 3"]) -> np.ndarray:
        """(t, 3): where a point of the rest pose goes when it moves with one bone."""
        offset = rest_m - body.bones_m[bone]
        return np.asarray(self.place_m[:, bone] + rotate(self.turn[:, bone], offset))

    def matrices(self, body: Body) -> Float32[np.ndarray, "t bones 3 4"]:
        """What skinning needs: rest point (x, y, z, 1) to stage."""
        shift = self.place_m - rotate(self.turn, body.bones_m)
        return np.concatenate([self.turn, shift[..., None]], axis=-1).astype(np.float32)

    def joints(self, body: Body) -> Float32[np.ndarray, "t 25 3"]:
        """Kinect v2 joints, each carried by its bone."""
        bone = body.template.joint_bone.astype(int)
        offset = body.joints_m - body.bones_m[bone]
        places = self.place_m[:, bone] + rotate(self.turn[:, bone], offset)
        return np.asarray(places, np.float32)


def rest_stance(frames: int, *, root_m: Float64[np.ndarray, " 3"]) -> Stance:
    """The rest pose of the mesh, held."""
    still = np.broadcast_to(np.eye(3), (frames, 3, 3)).copy()
    both = np.broadcast_to(np.eye(3), (frames, 2, 3, 3)).copy()
    limbs = {field.name: both for field in fields(Stance)[4:-1]}
    root = np.broadcast_to(root_m, (frames, 3)).copy()
    return Stance(root, still, still, still, **limbs, curl=np.zeros((frames, 2, FINGERS)))


def hips_m(body: Body) -> Float64[np.ndarray, " 3"]:
    """The middle between both hips at rest: what `Stance.root_m` moves."""
    return np.asarray((body.bone_m("upperleg01.L") + body.bone_m("upperleg01.R")) / 2)


def place_stance(stance: Stance, *, turn: Turn, shift_m: Float64[np.ndarray, " 3"]) -> Stance:
    """The same stance elsewhere on the stage."""
    turned = {
        field.name: turn @ getattr(stance, field.name)
        for field in fields(Stance)
        if field.name not in ("root_m", "curl")
    }
    return replace(stance, root_m=rotate(turn, stance.root_m) + shift_m, **turned)


def move_bones(body: Body, stance: Stance) -> Moves:
    """Bones after a stance: forward kinematics, with twists spread along the limbs."""
    template = body.template
    names, frames = template.bone_names, len(stance)
    turns = _turns(body, stance)
    turn = np.stack([turns[name] for name in names], axis=1)
    place = np.empty((frames, len(names), 3))
    root = template.bone("root")
    place[:, root] = stance.root_m + rotate(stance.pelvis, body.bones_m[root] - hips_m(body))
    for bone in range(len(names)):
        if bone == root:
            continue
        parent = int(template.parent[bone])
        offset = body.bones_m[bone] - body.bones_m[parent]
        carrier = _carrier(names[parent])
        place[:, bone] = place[:, parent] + rotate(turns[carrier], offset)
    return Moves(turn, place)


def _carrier(parent: str) -> str:
    """The bone whose turn moves what hangs on a bone: a limb's first half does not twist it."""
    return parent.replace("upperarm01", "upperarm02").replace("upperleg01", "upperleg02")


def _turns(body: Body, stance: Stance) -> dict[str, Turn]:
    """The rotation of every bone by name."""
    turns = {"root": stance.pelvis}
    for name, share in SPINE.items():
        turns[name] = part_way(stance.pelvis, stance.chest, np.full(len(stance), share))
    for name, share in NECK.items():
        turns[name] = part_way(stance.chest, stance.head, np.full(len(stance), share))
    for side, letter in enumerate(SIDES):
        turns |= _turn_arm(body, stance, side, letter)
        turns |= _turn_fingers(body, stance, side, letter)
        turns |= _turn_leg(body, stance, side, letter)
    return turns


def _turn_arm(body: Body, stance: Stance, side: int, letter: str) -> dict[str, Turn]:
    upper, forearm, hand = (
        getattr(stance, part)[:, side] for part in ("upper_arm", "forearm", "hand")
    )
    down = unit(body.bone_m(f"lowerarm01.{letter}") - body.bone_m(f"upperarm01.{letter}"))
    out = unit(body.bone_m(f"wrist.{letter}") - body.bone_m(f"lowerarm01.{letter}"))
    roll = twist_about(inverse(stance.chest) @ upper, down)
    turned = twist_about(inverse(forearm) @ hand, out)
    return {
        f"clavicle.{letter}": stance.clavicle[:, side],
        f"shoulder01.{letter}": stance.clavicle[:, side],
        f"upperarm01.{letter}": upper @ turn_about(-0.5 * roll[:, None] * down),
        f"upperarm02.{letter}": upper,
        f"lowerarm01.{letter}": forearm @ turn_about(0.25 * turned[:, None] * out),
        f"lowerarm02.{letter}": forearm @ turn_about(0.7 * turned[:, None] * out),
        f"wrist.{letter}": hand,
    }


def _turn_fingers(body: Body, stance: Stance, side: int, letter: str) -> dict[str, Turn]:
    """Each finger closes about the axis square to it and the palm."""
    hand, turns = stance.hand[:, side], {}
    palm = palm_frame(body, letter)[:, 1]
    across = palm_frame(body, letter)[:, 2]
    for finger in range(1, FINGERS + 1):
        root = body.bone_m(f"finger{finger}-1.{letter}")
        along = unit(body.bone_m(f"finger{finger}-3.{letter}") - root)
        axis = unit(np.cross(along, palm)) if finger > 1 else _thumb_axis(along, palm, across)
        turn = hand
        for part in range(1, 4):
            most = BEND_RAD[0] if finger == 1 else BEND_RAD[part]
            bend = most * stance.curl[:, side, finger - 1]
            turn = turn @ turn_about(bend[:, None] * axis)
            turns[f"finger{finger}-{part}.{letter}"] = turn
    return turns


def _thumb_axis(along: np.ndarray, palm: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The thumb closes over the palm: toward the little finger and inward."""
    goal = unit(palm - 0.8 * across * np.sign(across @ along))
    return unit(np.cross(along, goal))


def _turn_leg(body: Body, stance: Stance, side: int, letter: str) -> dict[str, Turn]:
    thigh, shin = stance.thigh[:, side], stance.shin[:, side]
    down = unit(body.bone_m(f"lowerleg01.{letter}") - body.bone_m(f"upperleg01.{letter}"))
    roll = twist_about(inverse(stance.pelvis) @ thigh, down)
    return {
        f"upperleg01.{letter}": thigh @ turn_about(-0.5 * roll[:, None] * down),
        f"upperleg02.{letter}": thigh,
        f"lowerleg01.{letter}": shin,
        f"lowerleg02.{letter}": shin,
        f"foot.{letter}": stance.foot[:, side],
        f"toe1-1.{letter}": stance.toes[:, side],
    }


def palm_frame(body: Body, letter: str) -> Float64[np.ndarray, "3 3"]:
    """A hand at rest: columns fingers' direction, out of the palm, and across."""
    wrist = body.bone_m(f"wrist.{letter}")
    fingers = body.bone_m(f"finger3-1.{letter}") - wrist
    across = body.bone_m(f"finger2-1.{letter}") - body.bone_m(f"finger5-1.{letter}")
    palm = np.cross(fingers, across) * (1 if letter == "L" else -1)
    frame = np.stack([unit(fingers), unit(palm), np.cross(unit(fingers), unit(palm))], axis=-1)
    return np.asarray(frame)
