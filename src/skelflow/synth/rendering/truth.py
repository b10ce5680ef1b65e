"""Ground-truth scene flow and visibility of every pixel."""

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool

from skelflow.flow.engines.jit import compiled
from skelflow.synth.actor import Points
from skelflow.synth.rendering.raster import Raster, cross_edges
from skelflow.synth.scene.scene_mesh import SceneMesh
from skelflow.types import Camera, Flow

SLACK_M = np.float32(0.004)  # depth tolerance of the visibility test


def true_flow(
    first: Raster,
    second: Raster,
    points_m: tuple[Points, Points],
    *,
    scene_mesh: SceneMesh,
    camera: Camera,
) -> tuple[Flow, Bool[np.ndarray, "h w"]]:
    """Motion of each pixel's surface point to the next frame.

    Parameters
    ----------
    first, second : rasterized frames.
    points_m : the scene's points in the camera's frame, for both frames; this includes camera
        motion.

    Returns
    -------
    flow_m : (h, w, 3) float32, meters, x right, y down, z away; 0 where there is no surface.
    seen : (h, w) bool
        The point is inside the second image and not occluded: the plane of the visible triangle is
        at most 4 mm nearer along the point's ray.
    """
    shape = first.face.shape
    flow_m, seen = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.bool_)
    lens = np.array([camera.fx, camera.fy, camera.cx, camera.cy], np.float32)
    before, after = points_m
    _point_flow(
        (first.face, first.weights),
        second.face,
        scene_mesh.faces,
        before,
        after,
        lens,
        flow_m,
        seen,
    )
    return flow_m, seen


@compiled
@no_type_check
def _point_flow(
    seen_first: Any,
    face_second: Any,
    faces: Any,
    before: Any,
    after: Any,
    lens: Any,
    flow: Any,
    seen: Any,
) -> None:
    face, weights = seen_first
    height, width = face.shape
    for y in range(height):
        for x in range(width):
            number = face[y, x]
            if number < 0:
                continue
            corners, share = faces[number], weights[y, x]
            px, qx = _point_in_both_frames(before, after, corners, share, 0)
            py, qy = _point_in_both_frames(before, after, corners, share, 1)
            pz, qz = _point_in_both_frames(before, after, corners, share, 2)
            flow[y, x, 0], flow[y, x, 1], flow[y, x, 2] = qx - px, qy - py, qz - pz
            if qz <= 0:
                continue
            u = int(np.rint(lens[0] * qx / qz + lens[2]))
            v = int(np.rint(lens[1] * qy / qz + lens[3]))
            if u < 0 or v < 0 or u >= width or v >= height:
                continue
            there = face_second[v, u]
            if there < 0 or there == number:
                seen[y, x] = True
            else:
                a, b, c = faces[there, 0], faces[there, 1], faces[there, 2]
                seen[y, x] = qz <= _plane(after, a, b, c, qx / qz, qy / qz) + SLACK_M


@compiled
@no_type_check
def _point_in_both_frames(before: Any, after: Any, corners: Any, share: Any, axis: Any) -> Any:
    """One coordinate of a triangle's point in both frames."""
    p = q = np.float32(0)
    for corner in range(3):
        p += share[corner] * before[corners[corner], axis]
        q += share[corner] * after[corners[corner], axis]
    return p, q


@compiled
@no_type_check
def _plane(points: Any, a: Any, b: Any, c: Any, across: Any, down: Any) -> Any:
    """Depth at which a ray meets the plane of three points; 0 if parallel."""
    nx, ny, nz = cross_edges(points[a], points[b], points[c])
    along = nx * across + ny * down + nz
    reach = nx * points[a, 0] + ny * points[a, 1] + nz * points[a, 2]
    return reach / along if along != 0 else np.float32(0)
