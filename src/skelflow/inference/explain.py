"""What a network saw and attended to, clip by clip, put in order frame by frame."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from skelflow.datasets.loading.sampling import Clip
from skelflow.datasets.store.schema import StoreMeta
from skelflow.models.base import Network
from skelflow.types import Camera
from skelflow.types import Window as ImageWindow

Window = tuple[float, float, float, float]


def mean_by_frame(
    clips: Sequence[Clip], values: Float[Tensor, "clips l ..."], count: int
) -> Float32[np.ndarray, "n ..."]:
    """Of each frame, the mean over the clips that hold it; frames made up to fill a clip are none.

    A frame that no clip holds takes what the nearest one in time has.

    Examples
    --------
    >>> clips = [Clip(0, start=0, pad=0), Clip(0, start=1, pad=0)]
    >>> mean_by_frame(clips, torch.tensor([[0.0, 2.0], [4.0, 6.0]]), 3)
    array([0., 3., 6.], dtype=float32)
    """
    total = torch.zeros(count, *values.shape[2:])
    clips_there = torch.zeros(count, *(1 for _ in values.shape[2:]))
    for clip, own in zip(clips, values.cpu(), strict=True):
        held = torch.from_numpy(clip.frames(len(own)))
        total.index_add_(0, held, own[: len(held)].to(total.dtype))
        clips_there.index_add_(0, held, torch.ones(len(held), *clips_there.shape[1:]))
    known = clips_there.reshape(count, -1)[:, 0].nonzero().flatten()
    nearest = known[(torch.arange(count)[:, None] - known).abs().argmin(dim=1)]
    return np.asarray((total[nearest] / clips_there[nearest]), np.float32)


def clip_ends(clip: Clip, length: int) -> tuple[int, int]:
    """First flow frame of a clip of that length, and one past its last."""
    frames = clip.frames(length)
    return int(frames[0]), int(frames[-1]) + 1


def seen_window(
    camera: Camera, window: ImageWindow | None, meta: StoreMeta, network: Network
) -> Window:
    """Left, top, width and height of what the network sees, in pixels of the depth image.

    `window` is what the flow shows; None where there is none.
    """
    clip = network.config.clip
    if clip is None or window is None:
        return 0.0, 0.0, float(camera.width), float(camera.height)
    scale = np.divide(window[2:], meta.flow.size)
    free = np.subtract(meta.flow.size, clip.side) // 2
    left, top = np.asarray(window[:2]) + free * scale
    width, height = clip.side * scale
    return float(left), float(top), float(width), float(height)
