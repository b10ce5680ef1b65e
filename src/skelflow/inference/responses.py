"""What the guide's first layer responds to in a recording's skeleton (the paper's Fig. 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32
from torch.utils.data import default_collate

from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.datasets.store.schema import PreparedSequence
from skelflow.datasets.store.source import OneSequence
from skelflow.errors import DataError, WeightsError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.types import Joints3D, Recording


@dataclass(frozen=True)
class JointResponses:
    """Responses of the first layer, and the score of each joint.

    Parameters
    ----------
    filters : (n, times) weights: a movement across the whole action.
    responses : (n, joints), of the body that makes the filters respond most.
    score : (joints,) in [0, 1], of the same body (Eq. 2).
    """

    filters: Float32[np.ndarray, "n times"]
    responses: Float32[np.ndarray, "n joints"]
    score: Float32[np.ndarray, " joints"]


@torch.inference_mode()
def joint_responses(checkpoint: Checkpoint, recording: Recording) -> JointResponses:
    """Responses and score of one recording.

    Raises
    ------
    WeightsError
        The network has no guide with such a layer.
    DataError
        The recording has not the network's joints.
    """
    network, meta = checkpoint.network, checkpoint.meta
    sequence, skeleton = network.config.sequence, recording.skeleton
    if sequence is None:
        raise _no_filters(network.name)
    if skeleton is None or skeleton.layout != meta.layout:
        found = "none" if skeleton is None else skeleton.layout
        raise DataError(
            f"{recording.path}: joints {found}, expected those that {network.name} was trained "
            f"on, {meta.layout}"
        )
    source = OneSequence(meta, _prepared(recording.name, skeleton.joints_m), checkpoint.classes[0])
    samples = SkeletonDataset(
        source,
        [recording.name],
        checkpoint.classes,
        frames=sequence.frames,
        bodies=sequence.bodies,
        longer=checkpoint.longer,
        shorter=checkpoint.shorter,
    )
    batch = default_collate([samples[0]])
    layer = network.first_layer(batch)
    if layer is None:
        raise _no_filters(network.name)
    responses, score = layer.responses[0], network.score(batch)[0]
    body = int(responses.sum(dim=(0, 2)).argmax())
    parts = (layer.filters, responses[:, body], score[body])
    return JointResponses(*(part.float().numpy() for part in parts))


def _no_filters(network: str) -> WeightsError:
    return WeightsError(
        f"{network}: its guide has no filters over time; res_tcn_bjcn and networks that it guides "
        "have"
    )


def mean_responses(each: Sequence[JointResponses]) -> JointResponses:
    """The mean over recordings of one action."""
    return JointResponses(
        each[0].filters,
        np.mean([one.responses for one in each], axis=0),
        np.mean([one.score for one in each], axis=0),
    )


def _prepared(name: str, joints_m: Joints3D) -> PreparedSequence:
    """The skeleton alone, as a prepared sequence without flow."""
    return PreparedSequence(
        name=name,
        flow=np.zeros((0, 1, 1, 3), np.uint8),
        joints_px=np.zeros((0, *joints_m.shape[1:3], 2), np.float32),
        joints_m=joints_m,
        range_m=1.0,
        layout=None,
    )
