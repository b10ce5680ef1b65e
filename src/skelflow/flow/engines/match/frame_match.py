"""The start of the finest level: a dense match of both images, corrected surface by surface."""

from typing import NamedTuple

import numpy as np

from skelflow.flow.engines.match.consistency import fill_untrusted, find_trusted, read_change
from skelflow.flow.engines.match.faint_texture import image_noise, prefer_smooth
from skelflow.flow.engines.match.image_match import quantize, search_both
from skelflow.flow.engines.match.surfaces import fill_holes
from skelflow.flow.presets import Preset
from skelflow.flow.state import Motion, PyramidFrame
from skelflow.types import Intensity

COARSE_LEVEL = 1  # the finest level that is solved before the match
LEAST_LEVELS = 3


class MatchImages(NamedTuple):
    """What the match looks at instead of the solver's images: those of depth alone."""

    image0: Intensity
    image1: Intensity


def finest_before_match(preset: Preset, levels: int) -> int:
    """The finest level that the solve from coarse to fine reaches; 0 where nothing is matched.

    Images of fewer than three levels, a side below 60 pixels, are not matched: all is within reach
    there.
    """
    return COARSE_LEVEL if preset.match and levels >= LEAST_LEVELS else 0


def match_frames(
    coarse: Motion,
    frames: tuple[PyramidFrame, PyramidFrame],
    *,
    sharp: Intensity,
    images: MatchImages | None,
) -> Motion:
    """Motion of every pixel of the first frame: the match where it is trusted, means elsewhere.

    Parameters
    ----------
    coarse : (h, w) fields, from the coarse levels.
    frames : at full size, as the solver sees them.
    sharp : (h, w) float32, the first image before any filter, for its noise.
    images : for depth alone; None to match the frames' own.
    """
    first, second = frames
    guide = fill_holes(first.depth)
    seen_images = images or (first.intensity, second.intensity)
    pair = quantize(seen_images[0]), quantize(seen_images[1])
    # where there is an image, the finest level refines the match itself
    u, v, returns = search_both(pair, coarse, guide, thorough=images is not None)
    motion, seen = read_change(u, v, first.depth, second.depth)
    trusted = find_trusted(motion, seen, returns, guide)
    motion = fill_untrusted(motion, trusted, guide, coarse)
    if images is None:
        motion = prefer_smooth(motion, coarse, frames, guide, image_noise(sharp))
    return Motion(*(np.ascontiguousarray(field, np.float32) for field in motion))
