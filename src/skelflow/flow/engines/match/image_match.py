"""Where each pixel of an image is found in another: forward, back, and whether both agree."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from skelflow.flow.constants import RETURN_PX, RETURN_SHARE
from skelflow.flow.engines.match.surfaces import fill_holes
from skelflow.flow.state import Field, Motion
from skelflow.types import Depth, Intensity

Gray = UInt8[np.ndarray, "h w"]
Displacement = Float32[np.ndarray, "h w 2"]  # pixels right and down
Mask = Bool[np.ndarray, "h w"]

LEAST_ROWS = 16  # of the coarsest image that is searched: two patches
COARSEST = 3  # halvings, more are left to the start
STRIDE_PX = 4  # between patches of 8 pixels
MEDIAN_PX = 5
BACK = 2  # halvings of the finest image that is searched on the way back
FEW_STEPS = 12  # of a patch's descent, about half of what OpenCV takes


def quantize(image: Intensity) -> Gray:
    """Whole gray levels, which is what the search takes."""
    return np.asarray(np.rint(image).clip(0, 255), np.uint8)


def search(
    here: Gray, there: Gray, start: Displacement, *, finest: int, thorough: bool = True
) -> Displacement:
    """Displacement of every pixel, by dense inverse search from a start.

    Parameters
    ----------
    here, there : (h, w) uint8, 16 pixels a side at least.
    start : (h, w, 2) float32, pixels.
    finest : int
        Halvings of the finest image that is searched; 0 is the image itself.
    thorough : bool
        As OpenCV's medium preset has it; else fewer steps, and no variational refinement.

    Notes
    -----
    Source: Kroeger et al., ECCV 2016, as OpenCV has it at its medium preset. The result is the same
    for any number of OpenCV's threads; before version 5 it reads between pixels in steps of 1/32.
    """
    coarsest = min(COARSEST, int(np.log2(min(here.shape) / LEAST_ROWS)))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(min(finest, coarsest))
    dis.setCoarsestScale(coarsest)
    dis.setPatchStride(STRIDE_PX)
    if not thorough:
        dis.setGradientDescentIterations(FEW_STEPS)
        dis.setVariationalRefinementIterations(0)
    found = dis.calc(here, there, np.ascontiguousarray(start, np.float32))
    return np.asarray(found, np.float32)


def search_both(
    images: tuple[Gray, Gray], coarse: Motion, depth: Depth, *, thorough: bool
) -> tuple[Field, Field, Mask]:
    """Displacement right and down, and where the search back leads to where it began.

    Parameters
    ----------
    coarse : the motion to begin with.
    depth : of the first image, without holes.
    thorough : see `search`.
    """
    forward = search(*images, np.stack(coarse[:2], axis=-1), finest=0, thorough=thorough)
    u, v = (cv2.medianBlur(np.ascontiguousarray(forward[..., axis]), MEDIAN_PX) for axis in (0, 1))
    start = reverse_coarsely(u, v, depth)
    back = search(*images[::-1], start, finest=BACK, thorough=thorough)
    return u, v, round_trip(u, v, back)


def reverse_coarsely(u: Field, v: Field, depth: Depth) -> Displacement:
    """`reverse` of every fourth pixel, for a search that looks no closer; at full size."""
    scale = np.float32(2**BACK)
    every = slice(None, None, 2**BACK)
    small = reverse(u[every, every] / scale, v[every, every] / scale, depth[every, every])
    return np.asarray(cv2.resize(small * scale, u.shape[::-1], interpolation=cv2.INTER_NEAREST))


def reverse(u: Field, v: Field, depth: Depth) -> Displacement:
    """The displacement seen from where it leads, that of the nearest pixel where several meet.

    Where none leads, the nearest pixel's value. `depth` has no holes.
    """
    height, width = u.shape
    x, y = places(u, v)
    column = np.clip(np.rint(x), 0, width - 1).astype(np.intp)
    row = np.clip(np.rint(y), 0, height - 1).astype(np.intp)
    farthest_first = np.argsort(-depth.ravel(), kind="stable")
    source = np.zeros(height * width, np.float32)  # 1 + the pixel that leads here
    source[(row * width + column).ravel()[farthest_first]] = farthest_first + 1
    pixel = fill_holes(source.reshape(height, width)).astype(np.intp) - 1
    return np.stack((-u.ravel()[pixel], -v.ravel()[pixel]), axis=-1)


def round_trip(u: Field, v: Field, back: Displacement) -> Mask:
    """Where the way back ends within 1.5 pixels and 5 % of the displacement of its beginning."""
    home = cv2.remap(back, *places(u, v), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    off = cv2.magnitude(u + home[..., 0], v + home[..., 1])
    return np.asarray(off < RETURN_PX + RETURN_SHARE * cv2.magnitude(u, v))


def places(u: Field, v: Field) -> tuple[Field, Field]:
    """Column and row that each pixel's displacement leads to."""
    height, width = u.shape
    x = np.arange(width, dtype=np.float32)[None, :] + u
    y = np.arange(height, dtype=np.float32)[:, None] + v
    return x, y
