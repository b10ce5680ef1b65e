"""What a network saw and attended to, clip by clip, put in order frame by frame."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import STILL
from skelflow.datasets.loading.sampling import Clip
from skelflow.datasets.store.schema import StoreMeta
from skelflow.models.base import Network
from skelflow.types import Camera
from skelflow.types import Window as ImageWindow

Window = tuple[float, float, float, float]


def frames_read(clips: Sequence[Clip], length: int) -> list[int]:
    """The flow frames that some clip of that length holds, in order."""
    return sorted({int(frame) for clip in clips for frame in clip.frames(length)})


def mean_by_frame(
    clips: Sequence[Clip], values: Float[Tensor, "clips l ..."]
) -> Float32[np.ndarray, "n ..."]:
    """Of each frame that a clip holds, in order, the mean over the clips that hold it.

    Frames made up to fill a clip are none.

    Examples
    --------
    >>> clips = [Clip(0, start=0, pad=0), Clip(0, start=1, pad=0)]
    >>> mean_by_frame(clips, torch.tensor([[0.0, 2.0], [4.0, 6.0]]))
    array([0., 3., 6.], dtype=float32)
    """
    read = np.array(frames_read(clips, values.shape[1]))
    total = torch.zeros(len(read), *values.shape[2:])
    clips_there = torch.zeros(len(read), *(1 for _ in values.shape[2:]))
    for clip, own in zip(clips, values.cpu(), strict=True):
        held = torch.from_numpy(np.searchsorted(read, clip.frames(len(own))))
        total.index_add_(0, held, own[: len(held)].to(total.dtype))
        clips_there.index_add_(0, held, torch.ones(len(held), *clips_there.shape[1:]))
    return np.asarray(total / clips_there, np.float32)


def probabilities_by_frame(
    clips: Sequence[Clip], of_clips: Float[Tensor, "clips classes"], length: int
) -> Float32[np.ndarray, "n classes"]:
    """Of each frame that a clip of that length holds, the mean answer to the clips that hold it.

    Clips that spread over the whole recording say nothing of a part of its time: each frame then
    has the mean answer to all of them.
    """
    if are_spread(clips):
        of_clips = of_clips.mean(dim=0, keepdim=True).expand_as(of_clips)
    return mean_by_frame(clips, of_clips[:, None].expand(-1, length, -1))


def flow_by_frame(
    clips: Sequence[Clip], batches: Sequence[Batch]
) -> UInt8[np.ndarray, "n side side 3"]:
    """Colored flow of each frame that a clip holds, as the network sees it."""
    flow = torch.cat([batch.flow for batch in batches]).permute(0, 2, 3, 4, 1)
    return np.asarray(np.rint(STILL + (255 - STILL) * mean_by_frame(clips, flow)), np.uint8)


@torch.inference_mode()
def attention_by_frame(
    network: Network, clips: Sequence[Clip], batches: Sequence[Batch]
) -> Float32[np.ndarray, "n side side"] | None:
    """The mask of each frame that a clip holds; None for a network without attention."""
    masks = [network.attention(batch) for batch in batches]
    known = [mask for mask in masks if mask is not None]
    return mean_by_frame(clips, torch.cat(known)) if known else None


def are_spread(clips: Sequence[Clip]) -> bool:
    """Whether clips spread over the whole recording, so that none is a part of its time."""
    return any(clip.spread is not None for clip in clips)


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
