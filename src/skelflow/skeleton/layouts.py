"""Joint layouts of the sensors skelflow reads: names, bones, left-right pairs."""

from dataclasses import dataclass

from skelflow.errors import ConfigError


@dataclass(frozen=True)
class Layout:
    """The joints of one tracker.

    Parameters
    ----------
    name : str
    joints : names, in the tracker's own order.
    bones : pairs of joint indices.
    mirror : joint index that each joint becomes when left and right change places.
    root : index of the joint the body hangs on (the hip center).
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    mirror: tuple[int, ...]
    root: int

    def __len__(self) -> int:
        return len(self.joints)


def _layout(name: str, root: str, joints: str, bones: str) -> Layout:
    names = tuple(joints.split())
    swap = {"left": "right", "right": "left"}

    def mirrored(joint: str) -> int:
        side, _, rest = joint.partition("_")
        return names.index(f"{swap[side]}_{rest}" if side in swap else joint)

    pairs = (bone.split("-") for bone in bones.split())
    return Layout(
        name=name,
        joints=names,
        bones=tuple((names.index(a), names.index(b)) for a, b in pairs),
        mirror=tuple(mirrored(joint) for joint in names),
        root=names.index(root),
    )


_LIMBS = " ".join(
    f"{side}_shoulder-{side}_elbow {side}_elbow-{side}_wrist {side}_wrist-{side}_hand "
    f"{side}_hip-{side}_knee {side}_knee-{side}_ankle {side}_ankle-{side}_foot"
    for side in ("left", "right")
)

KINECT_V1 = _layout(
    "kinect_v1",
    "hip_center",
    "head shoulder_center spine hip_center "
    "left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot",
    "head-shoulder_center shoulder_center-spine spine-hip_center "
    "shoulder_center-left_shoulder shoulder_center-right_shoulder "
    "hip_center-left_hip hip_center-right_hip " + _LIMBS,
)

KINECT_V2 = _layout(
    "kinect_v2",
    "spine_base",
    "spine_base spine_mid neck head "
    "left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot "
    "spine_shoulder left_hand_tip left_thumb right_hand_tip right_thumb",
    "head-neck neck-spine_shoulder spine_shoulder-spine_mid spine_mid-spine_base "
    "spine_shoulder-left_shoulder spine_shoulder-right_shoulder "
    "spine_base-left_hip spine_base-right_hip "
    "left_hand-left_hand_tip left_wrist-left_thumb "
    "right_hand-right_hand_tip right_wrist-right_thumb " + _LIMBS,
)

LAYOUTS = {layout.name: layout for layout in (KINECT_V1, KINECT_V2)}


def find_layout(name: str) -> Layout:
    """The layout of that name; `ConfigError` lists the known ones."""
    if name not in LAYOUTS:
        raise ConfigError(f"unknown joint layout {name!r}; known: {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
