"""Scene flow of two RGB-D frames: one function, whatever computes it."""

from skelflow.errors import ConfigError
from skelflow.flow.engines.numba.solver import solve
from skelflow.flow.inputs import checked_pair
from skelflow.flow.presets import find_preset
from skelflow.types import Camera, Depth, Flow, Intensity


def scene_flow(
    intensity0: Intensity | None,
    depth0: Depth,
    intensity1: Intensity | None,
    depth1: Depth,
    *,
    camera: Camera,
    preset: str = "paper",
    threads: int = 1,
) -> Flow:
    """Dense 3D motion of every pixel of frame 0 that has depth.

    Parameters
    ----------
    intensity0, intensity1 : (h, w) float32, gray 0..255, registered to the depth; or both None
        for depth alone, where an image made of the depth takes their place.
    depth0, depth1 : (h, w) float32, meters along the optical axis, 0 where there is none.
    camera : Camera of the same size.
    preset : str
        "best" is the most accurate, "fast" the quickest of ours; "paper" is the authors' method to
        the letter, and "exact" that method with its border gain and its lift mended.
    threads : int
        Threads on this pair; the flow is the same, bit for bit, whatever their number.

    Returns
    -------
    (h, w, 3) float32, meters a frame in frame 0's camera: x right, y down, z away; 0 where frame
    0 has no depth. Identical frames give exactly 0. The camera's own motion is part of the flow.

    Raises
    ------
    DataError
        Sizes differ, values are not finite, or depth is not in meters.
    ConfigError
        The camera has another size, or the preset is unknown.

    Notes
    -----
    Source: Jaimez et al., ICRA 2015, with the constants its authors published. May be called from
    several threads at once; each keeps the work memory of its last image size for its next call.

    Examples
    --------
    >>> camera = Camera.from_fov(40, 30, 62.5)
    >>> wall = np.full((30, 40), 2.0, np.float32)
    >>> float(np.abs(scene_flow(None, wall, None, wall, camera=camera)).max())
    0.0
    """
    settings = find_preset(preset)
    if threads < 1:
        raise ConfigError(f"scene flow: threads must be at least 1, found {threads}")
    frames = checked_pair((intensity0, intensity1), (depth0, depth1), camera, settings)
    return solve(*frames, camera=camera, preset=settings, threads=threads)
