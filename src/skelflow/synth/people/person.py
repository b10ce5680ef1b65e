"""One person: body, clothes and manner drawn from a number, and the actor they make."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.synth.actor import Actor, Joints, Points
from skelflow.synth.people.body import Body, draw_build, shape_body
from skelflow.synth.people.clothing import dress
from skelflow.synth.people.kinematics import Moves
from skelflow.synth.people.outfits import MATERIALS, draw_wardrobe
from skelflow.synth.people.skinning import skin_points
from skelflow.synth.people.style import Style, draw_style
from skelflow.synth.people.template import Template


@dataclass(frozen=True)
class Person:
    """A dressed body and a manner.

    Parameters
    ----------
    body : Body
    dressed_m : (points, 3) rest points with clothes.
    material : (faces,) uint8 into `wardrobe.MATERIALS`.
    style : Style
    """

    body: Body
    dressed_m: Float32[np.ndarray, "points 3"]
    material: UInt8[np.ndarray, " faces"]
    style: Style

    def act(self, moves: Moves) -> Actor:
        """The actor whose bones move so."""
        template = self.body.template
        matrices, joints = moves.matrices(self.body), moves.joints(self.body)

        def points_at(frame: int) -> Points:
            return skin_points(
                self.dressed_m, template.skin_bone, template.skin_weight, matrices[frame]
            )

        def joints_at(frame: int) -> Joints:
            return np.asarray(joints[frame])

        return Actor(
            faces=template.faces,
            points_m=points_at,
            paint_m=self.dressed_m,
            material=self.material,
            materials=MATERIALS,
            part=name_parts(template),
            joints_m=joints_at,
        )


@cache
def draw_person(performer: int, seed: int, partner: int = 0) -> Person:
    """The person a number stands for: always the same body, clothes and manner.

    Parameters
    ----------
    performer, seed : int
        Number of the person, and of the crowd they come from.
    partner : int
        0 the performer, 1 the person they meet in two-person actions.
    """
    rng = np.random.default_rng([seed, performer, partner])
    build = draw_build(rng)
    body = shape_body(build)
    dressed, material = dress(body, draw_wardrobe(rng, old=build.old, sex=build.sex))
    return Person(body, dressed, material, draw_style(rng, old=build.old))


def name_parts(template: Template) -> UInt8[np.ndarray, " points"]:
    """The Kinect v2 joint each point turns about: that of its main bone, or of the one above."""
    of_bone: dict[int, int] = {}
    for joint, bone in enumerate(template.joint_bone):
        of_bone[int(bone)] = joint
    parts = np.zeros(len(template.bone_names), np.uint8)
    for bone, parent in enumerate(template.parent):
        parts[bone] = of_bone.get(bone, parts[parent])
    return np.asarray(parts[template.skin_bone[:, 0]])
