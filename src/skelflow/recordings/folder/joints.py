"""The table [skeleton] of a `recording.toml`: a known joint layout, or one of the user's own."""

import hashlib
import json
from pathlib import Path
from typing import Any

from skelflow.errors import ConfigError, FormatError
from skelflow.settings import nearest_name, shown
from skelflow.skeleton.layouts import Layout, layouts, register_layout

_MOST = 1000  # joints
_DEFINING = ("joints", "bones", "root")
_SWAP = {"left": "right", "right": "left"}


def read_layout(file: Path, values: dict[str, Any]) -> Layout | None:
    """The layout that the table names or defines; None for an empty one.

    A layout that is defined here is registered. Without a name it is called after its content, so
    that recordings of the same joints have the same layout.

    Raises
    ------
    FormatError
        The name is unknown, the definition is incomplete or names joints that are not there, or
        another layout has its name.
    """
    name = values.get("layout")
    if "joints" in values:
        return _own_layout(file, name, values)
    if extra := [key for key in ("bones", "mirror", "root") if key in values]:
        raise FormatError(f"{file}: [skeleton] {extra[0]} needs joints = [...], their names")
    if name is None:
        return None
    if not isinstance(name, str) or name not in layouts():
        raise FormatError(
            f"{file}: [skeleton] layout is {shown(name)}, expected one of {', '.join(layouts())}; "
            "other joints are described by joints, bones and root"
        )
    return layouts()[name]


def _own_layout(file: Path, name: Any, values: dict[str, Any]) -> Layout:
    for key in _DEFINING:
        if key not in values:
            raise FormatError(f"{file}: [skeleton] {key} is missing beside joints")
    joints = _joint_names(file, values["joints"])
    pairs = {key: _pairs(file, key, values.get(key, []), joints) for key in ("bones", "mirror")}
    layout = Layout(
        name=_name(file, name, values),
        joints=joints,
        bones=pairs["bones"],
        mirror=_mirror(file, joints, pairs["mirror"] if "mirror" in values else None),
        root=_joint(file, "root", values["root"], joints),
    )
    try:
        register_layout(layout)
    except ConfigError as error:
        raise FormatError(f"{file}: [skeleton] {error}") from error
    return layout


def _name(file: Path, name: Any, values: dict[str, Any]) -> str:
    if name is not None and not (isinstance(name, str) and name):
        raise FormatError(f"{file}: [skeleton] layout is {name!r}, expected text")
    content = json.dumps({key: values.get(key) for key in (*_DEFINING, "mirror")}, sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return name or f"joints_{len(values['joints'])}_{digest}"


def _joint_names(file: Path, found: Any) -> tuple[str, ...]:
    names = found if isinstance(found, list) else []
    whole = 0 < len(names) <= _MOST and all(isinstance(name, str) and name for name in names)
    if not whole:
        raise FormatError(f"{file}: [skeleton] joints is {shown(found)}, expected a list of names")
    if repeated := [name for name in names if names.count(name) > 1]:
        raise FormatError(f"{file}: [skeleton] joints names {repeated[0]!r} twice")
    return tuple(names)


def _joint(file: Path, key: str, found: Any, joints: tuple[str, ...]) -> int:
    """The index of a joint that is given by name or by index."""
    if isinstance(found, str) and found in joints:
        return joints.index(found)
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < len(joints):
        return found
    near = nearest_name(found, joints) if isinstance(found, str) else f"0..{len(joints) - 1}"
    raise FormatError(f"{file}: [skeleton] {key}: {found!r} is none of the joints; {near}")


def _pairs(
    file: Path, key: str, found: Any, joints: tuple[str, ...]
) -> tuple[tuple[int, int], ...]:
    """Pairs of joint indices; a joint is given by name or by index."""
    pairs = found if isinstance(found, list) else [found]
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2):
            raise FormatError(
                f"{file}: [skeleton] {key} holds {pair!r}, expected pairs of joints such as "
                f'["{joints[0]}", "{joints[-1]}"]'
            )
    return tuple((_joint(file, key, a, joints), _joint(file, key, b, joints)) for a, b in pairs)


def _mirror(
    file: Path, joints: tuple[str, ...], pairs: tuple[tuple[int, int], ...] | None
) -> tuple[int, ...]:
    """What each joint becomes in a mirror: by the pairs given, else by names left_* and right_*."""
    if pairs is None:
        named = [(joint, _other_side(joint)) for joint in joints]
        pairs = tuple((joints.index(a), joints.index(b)) for a, b in named if b in joints)
    mirror = list(range(len(joints)))
    for a, b in pairs:
        if mirror[a] not in (a, b) or mirror[b] not in (a, b):
            raise FormatError(f"{file}: [skeleton] mirror pairs {joints[a]!r} with two joints")
        mirror[a], mirror[b] = b, a
    return tuple(mirror)


def _other_side(joint: str) -> str:
    side, _, rest = joint.partition("_")
    return f"{_SWAP[side]}_{rest}" if side in _SWAP else ""
