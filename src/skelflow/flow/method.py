"""The version of the method: what the same settings would give another flow without."""

from dataclasses import replace

from skelflow.types import Camera

# 1 took every camera for a pinhole, and `best` matched from a coarser level;
# 2 lifts along the rays of the lens
METHOD_VERSION = 2


def camera_for(camera: Camera, version: int) -> Camera:
    """The camera as a version of the method sees it.

    Examples
    --------
    >>> camera = replace(Camera.from_fov(40, 30, 62.5), k1=0.09)
    >>> camera_for(camera, 1).distortion, camera_for(camera, 2) == camera
    ((0.0, 0.0, 0.0), True)
    """
    return camera if version > 1 else replace(camera, k1=0.0, k2=0.0, k3=0.0)
