"""Body template: mean shape per sex, shape directions, skeleton, skinning weights, joints."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from jaxtyping import Float32, Int32, UInt8

UNIT_M = 1e-4  # unit of lengths in the file

SEXES = ("female", "male")
DIRECTIONS = ("old", "thin", "heavy", "slack", "strong", "short", "tall")


@dataclass(frozen=True)
class Template:
    """Template derived by `tools/bake_body.py` from MakeHuman's base mesh, rig and targets (CC0).

    Parameters
    ----------
    points, bones, joints, landmarks : (sexes, 1 + directions, n, 3) float32, meters
        The mean body, then its displacement along each of `DIRECTIONS`. Bones are given by their
        heads; joints are those of Kinect v2. Scene axes, facing -z.
    faces : (faces, 3) int32, counterclockwise as seen from outside.
    skin_bone, skin_weight : (points, 4)
        Bones of each point and their weights, which sum to 1.
    joint_bone, landmark_bone : the bone each is attached to.
    parent : (bones,) parent of each bone; the root is its own.
    eye : index of the first point of the eyeballs, which come last.
    """

    points: Float32[np.ndarray, "2 8 points 3"]
    bones: Float32[np.ndarray, "2 8 bones 3"]
    joints: Float32[np.ndarray, "2 8 25 3"]
    landmarks: Float32[np.ndarray, "2 8 landmarks 3"]
    faces: Int32[np.ndarray, "faces 3"]
    skin_bone: UInt8[np.ndarray, "points 4"]
    skin_weight: Float32[np.ndarray, "points 4"]
    joint_bone: UInt8[np.ndarray, " 25"]
    landmark_bone: UInt8[np.ndarray, " landmarks"]
    parent: UInt8[np.ndarray, " bones"]
    bone_names: tuple[str, ...]
    landmark_names: tuple[str, ...]
    eye: int

    def bone(self, name: str) -> int:
        """The index of a bone."""
        return self.bone_names.index(name)


@cache
def load_template() -> Template:
    """Load the packaged template (cached).

    Examples
    --------
    >>> template = load_template()
    >>> len(template.bone_names), template.points.shape[2]
    (66, 13524)
    """
    with (resources.files("skelflow.synth.people") / "data" / "body.npz").open("rb") as file:
        baked = dict(np.load(file))
    lengths = {
        name: (baked[name] * UNIT_M).astype(np.float32)
        for name in ("points", "bones", "joints", "landmarks")
    }
    return Template(
        **lengths,
        faces=_triangles(baked["quads"].astype(np.int32)),
        skin_bone=baked["skin_bone"],
        skin_weight=(baked["skin_weight"] / np.float32(255)).astype(np.float32),
        joint_bone=baked["joint_bone"],
        landmark_bone=baked["landmark_bone"],
        parent=baked["parent"],
        bone_names=tuple(str(name) for name in baked["bone_names"]),
        landmark_names=tuple(str(name) for name in baked["landmark_names"]),
        eye=int(baked["eye"][0]),
    )


def _triangles(quads: Int32[np.ndarray, "quads 4"]) -> Int32[np.ndarray, "faces 3"]:
    """Two triangles for each quadrilateral, with the same orientation."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
