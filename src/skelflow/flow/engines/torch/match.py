"""The dense match before the finest level, for tensors: OpenCV's, pair by pair on the CPU.

The one part of the solver that waits for its device: what it reads is copied from there, and the
match is copied back.
"""

import numpy as np
import torch
from torch import Tensor

from skelflow.flow import state
from skelflow.flow.engines.match.frame_match import MatchImages, match_frames
from skelflow.flow.engines.torch.camera import Fields, Motion
from skelflow.flow.engines.torch.energy import FrameBatch


def match_batch(
    coarse: Motion,
    frames: tuple[FrameBatch, FrameBatch],
    *,
    sharp: Fields,
    images: tuple[Fields, Fields] | None,
) -> Motion:
    """`skelflow.flow.engines.match.frame_match.match_frames` of every pair of a batch.

    Parameters
    ----------
    coarse : (3, b, h, w), from the coarse levels: pixels right and down, meters away.
    frames : at full size, as the solver sees them.
    sharp : (b, h, w), the first images before any filter.
    images : for depth alone, what the match sees of both frames instead; None for the frames' own.
    """
    pairs = zip(
        np.moveaxis(_on_host(coarse), 1, 0),
        *(_on_host(field) for frame in frames for field in frame),
        _on_host(sharp),
        *(_on_host(image) for image in images or ()),
        strict=True,
    )
    found = []
    for motion, gray0, depth0, gray1, depth1, unfiltered, *seen in pairs:
        both = state.PyramidFrame(gray0, depth0), state.PyramidFrame(gray1, depth1)
        match_images = MatchImages(*seen) if seen else None
        start = state.Motion(*motion)
        found.append(np.stack(match_frames(start, both, sharp=unfiltered, images=match_images)))
    return torch.from_numpy(np.stack(found, axis=1)).to(coarse.device)


def _on_host(tensor: Tensor) -> np.ndarray:
    return np.asarray(tensor.contiguous().cpu().numpy(), np.float32)
