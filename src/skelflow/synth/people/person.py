"""A person: body, outfit and style drawn from a number, animated as an actor."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.synth.actor import Actor, Joints, Points
from skelflow.synth.people.body import Body, draw_build, shape_body
from skelflow.synth.people.clothing import dress_body
from skelflow.synth.people.kinematics import BoneMotion
from skelflow.synth.people.outfits import MATERIALS, draw_outfit
from skelflow.synth.people.skinning import skin_points
from skelflow.synth.people.style import Style, draw_style
from skelflow.synth.people.template import Template


@dataclass(frozen=True)
class Person:
    """A dressed body with a style of motion.

    Parameters
    ----------
    body : Body
    dressed_m : (points, 3) rest points with clothes.
    material : (faces,) uint8 into `outfits.MATERIALS`.
    style : Style
    """

    body: Body
    dressed_m: Float32[np.ndarray, "points 3"]
    material: UInt8[np.ndarray, " faces"]
    style: Style

    def act(self, bone_motion: BoneMotion) -> Actor:
        """The actor animated by a bone motion."""
        template = self.body.template
        matrices, joints = bone_motion.matrices(self.body), bone_motion.joints(self.body)

        def points_at(frame: int) -> Points:
            return skin_points(
                self.dressed_m, template.skin_bone, template.skin_weight, matrices[frame]
            )

        def joints_at(frame: int) -> Joints:
            return np.asarray(joints[frame])

        return Actor(
            faces=template.faces,
            points_m=points_at,
            texture_m=self.dressed_m,
            material=self.material,
            materials=MATERIALS,
            part=name_parts(template),
            joints_m=joints_at,
        )


@cache
def draw_person(performer: int, seed: int, partner: int = 0) -> Person:
    """The person with a number: always the same body, outfit and style.

    Parameters
    ----------
    performer, seed : int
        Number of the person, and seed of the population.
    partner : int
        0 the performer, 1 their partner in two-person actions.
    """
    rng = np.random.default_rng([seed, performer, partner])
    build = draw_build(rng)
    body = shape_body(build)
    dressed, material = dress_body(body, draw_outfit(rng, old=build.old, sex=build.sex))
    return Person(body, dressed, material, draw_style(rng, old=build.old))


def name_parts(template: Template) -> UInt8[np.ndarray, " points"]:
    """Kinect v2 joint of each point: that of its main bone or the nearest ancestor with one."""
    of_bone: dict[int, int] = {}
    for joint, bone in enumerate(template.joint_bone):
        of_bone[int(bone)] = joint
    parts = np.zeros(len(template.bone_names), np.uint8)
    for bone, parent in enumerate(template.parent):
        parts[bone] = of_bone.get(bone, parts[parent])
    return np.asarray(parts[template.skin_bone[:, 0]])
