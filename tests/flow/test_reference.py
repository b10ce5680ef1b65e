"""The solver against what its authors' own program made of two real pairs of frames."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.flow.engines.numba import solver
from skelflow.flow.engines.numba.pyramid import halve
from skelflow.flow.engines.numba.solver import solve
from skelflow.flow.engines.numpy import solver as reference
from skelflow.flow.presets import Preset
from skelflow.flow.state import PyramidFrame
from skelflow.types import Camera, Flow

DEPTH_UNITS = np.float32(5000)  # a meter in the 16-bit images
FIELD_OF_VIEW_DEG = 62.5


def frames_of(folder: Path, rows: int) -> tuple[PyramidFrame, PyramidFrame]:
    """Both frames; 240 rows are one pyramid step below the 480 of the images."""
    frames = []
    for k in (0, 1):
        image = cv2.imread(str(folder / f"intensity{k}.png"), cv2.IMREAD_UNCHANGED)
        depth = cv2.imread(str(folder / f"depth{k}.png"), cv2.IMREAD_UNCHANGED)
        assert image is not None and depth is not None, folder
        frame = PyramidFrame(image.astype(np.float32), (depth / DEPTH_UNITS).astype(np.float32))
        if rows == 240:
            frame = halve(frame)
        frames.append(frame)
    return frames[0], frames[1]


def camera_of(rows: int) -> Camera:
    return Camera.from_fov(rows * 4 // 3, rows, FIELD_OF_VIEW_DEG)


@pytest.mark.parametrize(
    ("rows", "solve"),
    [(240, solver.solve), (480, solver.solve), (240, reference.solve)],
    ids=["240", "480", "240-numpy"],
)
@pytest.mark.parametrize("pair", ["pair1", "pair2"])
def test_flow_is_what_the_authors_program_makes_of_real_pairs(
    data_dir: Path, pair: str, rows: int, solve: Callable[..., Flow]
) -> None:
    folder = data_dir / "scene_flow" / pair
    if not folder.is_dir():
        pytest.skip(f"no real pair at {folder}")
    first, second = frames_of(folder, rows)
    theirs = np.load(folder / "reference_flow.npz")
    np.testing.assert_allclose(first.depth, theirs[f"depth_{rows}"], atol=2e-6)
    flow = solve(first, second, camera=camera_of(rows), preset=Preset())
    difference_m = np.abs(flow - theirs[f"flow_{rows}"])
    assert difference_m.mean() < 1e-5
    assert np.percentile(difference_m, 99) < 1e-4


def test_flow_overlooks_a_hole_at_the_border_as_the_authors_do_unless_exact() -> None:
    """A wall moving up, its bottom row without depth: the step to null pulls on its motion."""
    height, width = 29, 39  # one level: the other border setting, the upsampling gain, is idle
    y, x = np.mgrid[:height, :width].astype(np.float32)
    first, second = (130 + 40 * np.sin(x / 3) + 40 * np.sin((y + k) / 4) for k in (0, 0.5))
    depth = np.full((height, width), 2.0, np.float32)
    depth[-1] = 0
    camera = Camera.from_fov(width, height, FIELD_OF_VIEW_DEG)
    theirs, exact = (
        solve(
            PyramidFrame(first, depth),
            PyramidFrame(second, depth),
            camera=camera,
            preset=Preset(exact_border=exact_border),
        )
        for exact_border in (False, True)
    )
    assert np.abs(theirs - exact)[-2].max() > 1e-5
