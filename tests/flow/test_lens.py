"""Scene flow through a lens that bends rays, with the lens's own rays as the truth."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skelflow.camera.pinhole import project, unproject, unproject_pixels
from skelflow.flow.api import scene_flow
from skelflow.flow.lens import bend_flow
from skelflow.types import Camera

LENS = replace(Camera.from_fov(160, 120, 70.0), k1=0.09, k2=-0.27, k3=0.09)  # as a Kinect v2's
MOTION_M = np.array([0.008, 0.003, 0.012])


def wall(motion_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth and gray image of a painted wall two meters away, seen through the lens."""
    depth = np.full((LENS.height, LENS.width), 2 + motion_m[2], np.float32)
    x, y, _ = np.moveaxis(unproject(depth, LENS) - motion_m, -1, 0)
    pattern = np.sin(31 * x) + np.sin(27 * y) + np.sin(19 * (x + y))
    return depth, (130 + 40 * pattern).astype(np.float32)


def error_mm(camera: Camera, preset: str) -> float:
    """Mean error in the four corners, where a lens bends most."""
    (depth0, gray0), (depth1, gray1) = wall(0 * MOTION_M), wall(MOTION_M)
    flow = scene_flow(depth0, depth1, camera, intensity=(gray0, gray1), preset=preset)
    return corner_error_mm(flow)


def corner_error_mm(flow: np.ndarray) -> float:
    parts = [flow[y : y + 24, x : x + 32] for y in (6, 90) for x in (6, 122)]
    return 1000 * float(np.mean([np.linalg.norm(part - MOTION_M, axis=-1) for part in parts]))


def unheeded_lens_mm() -> float:
    """Mean error in the same corners of the image's exact motion, lifted along a pinhole's rays."""
    pinhole = replace(LENS, k1=0.0, k2=0.0, k3=0.0)
    start = unproject(np.full((LENS.height, LENS.width), 2, np.float32), LENS)
    end = start + MOTION_M
    lifted = []
    for points in (start, end):
        pixels = project(points, LENS)
        rays = (pixels - (LENS.cx, LENS.cy)) / (LENS.fx, LENS.fy)
        lifted.append(np.concatenate([rays * points[..., 2:], points[..., 2:]], axis=-1))
    np.testing.assert_allclose(lifted[0], unproject(start[..., 2], pinhole), atol=1e-5)
    return corner_error_mm(lifted[1] - lifted[0])


@pytest.mark.parametrize(("preset", "share"), [("paper", 0.95), ("fast", 0.7)])
def test_flow_has_less_error_in_the_corners_when_the_lens_is_known(
    preset: str, share: float
) -> None:
    """Errors of the solver and of an unheeded lens add as squares; at least half of it must go."""
    pinhole = replace(LENS, k1=0.0, k2=0.0, k3=0.0)
    known, unheeded = error_mm(LENS, preset), error_mm(pinhole, preset)
    assert known < share * unheeded
    assert known**2 + 0.5 * unheeded_lens_mm() ** 2 < unheeded**2


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_bent_flow_ends_on_the_lens_rays(kind: str) -> None:
    torch = pytest.importorskip("torch") if kind == "torch" else None
    rng = np.random.default_rng(0)
    depth = rng.uniform(1, 4, (LENS.height, LENS.width)).astype(np.float32)
    depth[5:9] = 0
    flow = rng.normal(0, 0.02, (*depth.shape, 3)).astype(np.float32)
    given: list[Any] = [flow, depth]
    if torch is not None:
        given = [torch.from_numpy(array) for array in given]
    bent = np.asarray(bend_flow(given[0], given[1], LENS, exact=True))
    # what the pinhole lift of the flow came from: a pixel's displacement, which the lens sees too
    pinhole = replace(LENS, k1=0.0, k2=0.0, k3=0.0)
    ends = unproject(depth, pinhole) + flow
    seen = ends[..., :2] / ends[..., 2:]
    straight = (unproject(depth, LENS) + bent)[..., :2] / ends[..., 2:]
    squared = (straight**2).sum(-1)
    bend = 1 + squared * (LENS.k1 + squared * (LENS.k2 + squared * LENS.k3))
    np.testing.assert_allclose((straight * bend[..., None])[depth > 0], seen[depth > 0], atol=2e-5)
    assert (bent[depth == 0] == 0)[..., :2].all()


def test_unproject_reaches_the_corners_of_the_widest_images() -> None:
    wide = replace(Camera.from_fov(40, 30, 150.0), k1=0.01)
    depth = np.full((30, 40), 2, np.float32)
    points = unproject(depth, wide)
    assert np.abs(points[..., 0] / points[..., 2]).max() > 3
    found = project(points, wide)
    np.testing.assert_allclose(found[..., 0], np.tile(np.arange(40), (30, 1)), atol=1e-3)
    corner = unproject_pixels(found[0, :1], depth[0, :1], wide)
    np.testing.assert_allclose(corner, points[0, :1], atol=1e-4)


def test_flow_through_a_lens_is_exactly_zero_at_rest() -> None:
    depth, gray = wall(0 * MOTION_M)
    assert (scene_flow(depth, depth, LENS, intensity=(gray, gray)) == 0).all()
