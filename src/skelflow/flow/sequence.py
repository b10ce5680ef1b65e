"""Scene flow of a recording, frame after frame, as the frames come."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from skelflow.flow.api import scene_flow
from skelflow.flow.presets import DEFAULT_PRESET, Preset
from skelflow.types import Camera, Depth, Flow, Intensity


def scene_flow_sequence(
    frames: Iterable[tuple[Depth, Intensity | None]],
    camera: Camera,
    *,
    preset: str | Preset = DEFAULT_PRESET,
    engine: str | None = None,
    threads: int = 1,
) -> Iterator[Flow]:
    """The flow from each frame to the next, one after the other; two frames are kept at a time.

    Parameters
    ----------
    frames : (depth, intensity) of each frame, as `scene_flow` takes them: depth (h, w) float32,
        meters, 0 = no reading; intensity (h, w) float32, gray 0..255, or None for depth alone. May
        be endless, as those of a camera are: a flow is there as soon as its second frame is. Each
        has arrays of its own: were the next frame written into the same, nothing would move.
    camera : of all frames.
    preset, engine, threads : as in `scene_flow`.

    Yields
    ------
    (h, w, 3) float32, meters a frame; one fewer than there are frames.

    Raises
    ------
    DataError, ConfigError
        As in `scene_flow`, when the pair in question is asked for.

    Notes
    -----
    Each flow is that of `scene_flow` of its two frames, whatever came before: no pair begins at the
    flow of the last one, so that the pairs of a recording may be solved in any order, on any number
    of machines, and a cut or a dropped frame harms one pair only.

    Examples
    --------
    >>> import numpy as np
    >>> wall = np.full((30, 40), 2.0, np.float32)
    >>> flows = scene_flow_sequence(((wall, None) for _ in range(4)), Camera.from_fov(40, 30, 62.5))
    >>> [flow.shape for flow in flows]
    [(30, 40, 3), (30, 40, 3), (30, 40, 3)]
    """
    for (depth0, image0), (depth1, image1) in pairwise(frames):
        intensity = None if image0 is None and image1 is None else (image0, image1)
        yield scene_flow(
            depth0,
            depth1,
            camera,
            intensity=intensity,
            preset=preset,
            engine=engine,
            threads=threads,
        )
