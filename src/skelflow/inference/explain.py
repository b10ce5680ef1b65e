"""What a network saw and attended to, clip by clip, put in order frame by frame."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from skelflow.datasets.loading.clips import Clip
from skelflow.datasets.store.schema import StoreMeta
from skelflow.models.base import Network
from skelflow.types import Camera
from skelflow.types import Window as ImageWindow

Window = tuple[float, float, float, float]


def mean_by_frame(
    clips: Sequence[Clip], values: Float[Tensor, "clips l ..."], count: int
) -> Float32[np.ndarray, "n ..."]:
    """Of each frame, the mean over the clips that hold it; frames made up to fill a clip are none.

    Examples
    --------
    >>> clips = [Clip(0, start=0, pad=0), Clip(0, start=1, pad=0)]
    >>> mean_by_frame(clips, torch.tensor([[0.0, 2.0], [4.0, 6.0]]), 3)
    array([0., 3., 6.], dtype=float32)
    """
    total = torch.zeros(count, *values.shape[2:])
    clips_there = torch.zeros(count, *(1 for _ in values.shape[2:]))
    for clip, own in zip(clips, values.cpu(), strict=True):
        held = slice(clip.start, clip.start + len(own) - clip.pad)
        total[held] += own[: len(own) - clip.pad]
        clips_there[held] += 1
    return np.asarray(total / clips_there, np.float32)


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
