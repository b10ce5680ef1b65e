"""A guide that learns nothing, for comparison: joints score by how far they move."""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.models.attention.scale import Scale, scale_to_unit
from skelflow.models.config import SkeletonConfig
from skelflow.models.guides.guide import Guide
from skelflow.models.guides.normalize import check_size, present_bodies


class MotionConfig(SkeletonConfig):
    """Settings of the guide by motion.

    Parameters
    ----------
    joints, bodies, frames : size of the input.
    score_scale : 'min_max' maps the motion to [0, 1]; 'max' divides it by the largest.
    """

    free: ClassVar[frozenset[str]] = SkeletonConfig.free | {"score_scale"}

    score_scale: Scale = "min_max"


class MotionGuide(Guide):
    """How far each joint moves, as features and as their score; there are no weights.

    Flow shows motion in the camera's frame, so motion is measured there and not relative to the
    body: in a walk every joint scores high.
    """

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.config = config
        self.outputs = config.bodies * config.joints

    def features_and_score(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b bodies joints"]]:
        """(b, bodies x joints) motion in meters, and the same scaled to [0, 1]."""
        check_size(batch.joints_m, self.config.sequence)
        motion = joint_motion(batch.joints_m)
        present = present_bodies(batch.joints_m)
        return motion.flatten(1), scale_to_unit(motion, present, scale=self.config.score_scale)


def joint_motion(
    joints_m: Float[Tensor, "b frames bodies joints 3"],
) -> Float[Tensor, "b bodies joints"]:
    """Root mean square distance in meters of each joint from its mean place; 0 without it.

    Not the length of its path, which the sensor's noise makes long for joints at rest too.
    """
    valid = joints_m.isfinite().all(dim=-1, keepdim=True)
    count = valid.sum(dim=1, keepdim=True).clamp(min=1)
    places = joints_m.masked_fill(~valid, 0.0)
    offsets = (places - places.sum(dim=1, keepdim=True) / count).masked_fill(~valid, 0.0)
    variance = offsets.square().sum(dim=-1).sum(dim=1) / count[:, 0, ..., 0]
    return variance.sqrt()
