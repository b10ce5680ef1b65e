"""Joint layouts of the sensors skelflow reads: names, bones, left-right pairs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from skelflow.errors import ConfigError
from skelflow.io.plugins import load_plugins


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

    @classmethod
    def from_names(cls, name: str, *, root: str, joints: str, bones: str) -> "Layout":
        """A layout from its joints' names; "left_" and "right_" make the mirror pairs.

        Parameters
        ----------
        name : of the layout.
        root : name of the joint the body hangs on.
        joints : names in the tracker's order, with spaces between.
        bones : pairs "head-neck", with spaces between.

        Examples
        --------
        >>> Layout.from_names("arm", root="chest", joints="chest left_hand right_hand",
        ...                   bones="chest-left_hand chest-right_hand").mirror
        (0, 2, 1)
        """
        names = tuple(joints.split())
        swap = {"left": "right", "right": "left"}

        def mirrored(joint: str) -> int:
            side, _, rest = joint.partition("_")
            return names.index(f"{swap[side]}_{rest}" if side in swap else joint)

        pairs = (bone.split("-") for bone in bones.split())
        return cls(
            name=name,
            joints=names,
            bones=tuple((names.index(a), names.index(b)) for a, b in pairs),
            mirror=tuple(mirrored(joint) for joint in names),
            root=names.index(root),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Layout":
        """The inverse of `to_json`."""
        return cls(
            name=found["name"],
            joints=tuple(found["joints"]),
            bones=tuple((int(a), int(b)) for a, b in found["bones"]),
            mirror=tuple(found["mirror"]),
            root=found["root"],
        )


_LIMBS = " ".join(
    f"{side}_shoulder-{side}_elbow {side}_elbow-{side}_wrist {side}_wrist-{side}_hand "
    f"{side}_hip-{side}_knee {side}_knee-{side}_ankle {side}_ankle-{side}_foot"
    for side in ("left", "right")
)

KINECT_V1 = Layout.from_names(
    "kinect_v1",
    root="hip_center",
    joints="head shoulder_center spine hip_center "
    "left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot",
    bones="head-shoulder_center shoulder_center-spine spine-hip_center "
    "shoulder_center-left_shoulder shoulder_center-right_shoulder "
    "hip_center-left_hip hip_center-right_hip " + _LIMBS,
)

KINECT_V2 = Layout.from_names(
    "kinect_v2",
    root="spine_base",
    joints="spine_base spine_mid neck head "
    "left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand "
    "left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot "
    "spine_shoulder left_hand_tip left_thumb right_hand_tip right_thumb",
    bones="head-neck neck-spine_shoulder spine_shoulder-spine_mid spine_mid-spine_base "
    "spine_shoulder-left_shoulder spine_shoulder-right_shoulder "
    "spine_base-left_hip spine_base-right_hip "
    "left_hand-left_hand_tip left_wrist-left_thumb "
    "right_hand-right_hand_tip right_wrist-right_thumb " + _LIMBS,
)

BUILT_IN = (KINECT_V1, KINECT_V2)
_registered = {layout.name: layout for layout in BUILT_IN}


def layouts() -> dict[str, Layout]:
    """All joint layouts by name."""
    load_plugins()
    return dict(_registered)


def register_layout(layout: Layout) -> None:
    """Let skeletons have one more layout; `ConfigError` when another one has its name."""
    if _registered.get(layout.name, layout) != layout:
        raise ConfigError(
            f"a joint layout named {layout.name!r} is already there; choose another name"
        )
    _registered[layout.name] = layout


def find_layout(name: str) -> Layout:
    """The layout of that name; `ConfigError` lists the known ones."""
    known = layouts()
    if name not in known:
        raise ConfigError(f"unknown joint layout {name!r}; known: {', '.join(known)}")
    return known[name]
