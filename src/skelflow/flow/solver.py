"""The coarse-to-fine primal-dual solver: from two RGB-D frames to dense 3D motion."""

from types import ModuleType

import numpy as np

from skelflow.errors import ConfigError, DataError
from skelflow.flow import kernels
from skelflow.flow.presets import Preset, find_preset
from skelflow.flow.relief import relief
from skelflow.flow.terms import Field, Frame, Guess, State, Steps
from skelflow.flow.units import check_meters
from skelflow.types import Camera, Depth, Flow, Intensity

COARSEST_ROWS = 15


def scene_flow(
    intensity0: Intensity | None,
    depth0: Depth,
    intensity1: Intensity | None,
    depth1: Depth,
    *,
    camera: Camera,
    preset: str = "paper",
) -> Flow:
    """Dense 3D motion of every pixel of frame 0 that has depth.

    Parameters
    ----------
    intensity0, intensity1 : (h, w) float32, gray 0..255, registered to the depth; or both None
        for depth alone, where the depth's own relief takes the image's place.
    depth0, depth1 : (h, w) float32, meters along the optical axis, 0 where there is none.
    camera : Camera of the same size.
    preset : str
        "paper" is the authors' method to the letter; "exact" mends its border gain and its lift.

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
    Source: Jaimez et al., ICRA 2015, with the constants its authors published.

    Examples
    --------
    >>> camera = Camera.from_fov(40, 30, 62.5)
    >>> wall = np.full((30, 40), 2.0, np.float32)
    >>> float(np.abs(scene_flow(None, wall, None, wall, camera=camera)).max())
    0.0
    """
    settings = find_preset(preset)
    frames = _check(intensity0, depth0, intensity1, depth1, camera)
    return solve(*frames, camera=camera, preset=settings)


def solve(
    first: Frame,
    second: Frame,
    *,
    camera: Camera,
    preset: Preset,
    terms: ModuleType = kernels,
) -> Flow:
    """Pyramid, one primal-dual solve a level from coarse to fine, lift to 3D.

    `terms` is the module that computes every term: `kernels` (compiled) or `energy` (reference).
    """
    levels = level_count(*first.depth.shape)
    pyramids = [build_pyramid(pad(frame, levels), levels, terms) for frame in (first, second)]
    guess = resting(pyramids[0][-1].depth)
    for level in reversed(range(levels)):
        if level < levels - 1:
            guess = upsample(guess, preset, terms)
        guess = solve_level(
            pyramids[0][level],
            pyramids[1][level],
            guess,
            camera=halved(camera, level),
            iterations=preset.iterations_at(level),
            exact_border=preset.exact_border,
            terms=terms,
        )
    return lift(guess, first.depth, camera, exact=preset.exact_lift)


def level_count(height: int, width: int) -> int:
    """Pyramid levels whose coarsest is about 15 pixels on the shorter side."""
    return max(1, int(np.floor(np.log2(min(height, width) / COARSEST_ROWS))) + 1)


def pad(frame: Frame, levels: int) -> Frame:
    """Repeat the last row and column until every level above the coarsest has even sides."""
    unit = 2 ** (levels - 1)
    height, width = frame.depth.shape
    edges = ((0, -height % unit), (0, -width % unit))
    return Frame(*(np.ascontiguousarray(np.pad(field, edges, mode="edge")) for field in frame))


def build_pyramid(frame: Frame, levels: int, terms: ModuleType) -> list[Frame]:
    """The frame at every level, finest first."""
    pyramid = [frame]
    for _ in range(levels - 1):
        image, depth = pyramid[-1]
        pyramid.append(Frame(terms.halve_intensity(image), terms.halve_depth(depth)))
    return pyramid


def halved(camera: Camera, level: int) -> Camera:
    """The camera `level` steps up the pyramid, principal point as the authors place it."""
    scale = 2.0**level
    return Camera(
        width=max(1, round(camera.width / scale)),
        height=max(1, round(camera.height / scale)),
        fx=camera.fx / scale,
        fy=camera.fy / scale,
        cx=(camera.cx + 0.5) / scale - 0.5,
        cy=(camera.cy + 0.5) / scale - 0.5,
    )


def resting(depth: Field) -> Guess:
    """No motion."""
    return Guess(*(np.zeros_like(depth) for _ in Guess._fields))


def upsample(guess: Guess, preset: Preset, terms: ModuleType) -> Guess:
    """All ten fields one level finer; motion in pixels doubles."""
    fine = Guess(*(terms.double(field, exact_border=preset.exact_border) for field in guess))
    return fine._replace(u=2 * fine.u, v=2 * fine.v)


def solve_level(
    first: Frame,
    second: Frame,
    start: Guess,
    *,
    camera: Camera,
    iterations: int,
    exact_border: bool,
    terms: ModuleType,
) -> Guess:
    """One warp and its primal-dual iterations, then the median filter."""
    rx, ry = terms.surface_metric(first.depth, camera)
    warped = _differentiate(second, camera, terms, exact_border=exact_border)
    residuals = terms.warp(first, warped, start.u, start.v)
    state = _start(start)
    weights: Steps = terms.steps(residuals, rx, ry)
    terms.iterate(state, residuals, weights, iterations)
    u = start.u + np.clip(state.u, -1, 1)
    v = start.v + np.clip(state.v, -1, 1)
    w = np.where(first.depth > 0, state.w, np.float32(0))
    u, v, w = (terms.median(field, first.depth, residuals.Zt) for field in (u, v, w))
    return Guess(u, v, w, *state[8:])


def _differentiate(
    second: Frame, camera: Camera, terms: ModuleType, *, exact_border: bool
) -> tuple[Field, ...]:
    """Frame 2's intensity and depth, each with its gradient; no depth gradient at holes.

    The authors overlook holes at the ends: a null border pixel keeps its one-sided difference.
    """
    rx, ry = terms.surface_metric(second.depth, camera)
    i_x, i_y = terms.derivatives(second.intensity, rx, ry)
    z_x, z_y = terms.derivatives(second.depth, rx, ry)
    hole = second.depth == 0
    covered = slice(None) if exact_border else slice(1, -1)
    z_x[:, covered][hole[:, covered]] = 0
    z_y[covered][hole[covered]] = 0
    return second.intensity, i_x, i_y, second.depth, z_x, z_y


def _start(start: Guess) -> State:
    u, v, u_bar, v_bar = (np.zeros_like(start.u) for _ in range(4))
    w, w_bar, *duals = (field.copy() for field in (start.w, *start[2:]))
    return State(start.u, start.v, u, v, w, u_bar, v_bar, w_bar, *duals)


def lift(guess: Guess, depth: Depth, camera: Camera, *, exact: bool) -> Flow:
    """Motion in pixels and depth to motion in meters; 0 where there is no depth."""
    height, width = depth.shape
    u, v, w = (field[:height, :width] for field in guess[:3])
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.cx))[None, :]
    y = (np.arange(height, dtype=np.float32) - np.float32(camera.cy))[:, None]
    reach = depth + w if exact else depth
    motion = (
        (reach * u + w * x) / np.float32(camera.fx),
        (reach * v + w * y) / np.float32(camera.fy),
    )
    flow = np.stack((*motion, w), axis=-1)
    flow[depth == 0] = 0
    return flow


def _check(
    intensity0: Intensity | None,
    depth0: Depth,
    intensity1: Intensity | None,
    depth1: Depth,
    camera: Camera,
) -> tuple[Frame, Frame]:
    if (intensity0 is None) != (intensity1 is None):
        raise DataError("scene flow: one frame has an intensity and the other has none")
    named = {"depth0": depth0, "depth1": depth1, "intensity0": intensity0, "intensity1": intensity1}
    for name, field in named.items():
        if field is None:
            continue
        if field.shape != depth0.shape:
            raise DataError(f"scene flow: {name} is {field.shape}, depth0 is {depth0.shape}")
        if not np.isfinite(field).all():
            raise DataError(f"scene flow: {name} has NaN or infinite values; null depth is 0")
    for name, depth in (("depth0", depth0), ("depth1", depth1)):
        check_meters(f"scene flow: {name}", depth)
    if depth0.shape != (camera.height, camera.width):
        raise ConfigError(
            f"scene flow: the camera is {camera.width} x {camera.height}, "
            f"the images are {depth0.shape[1]} x {depth0.shape[0]}"
        )
    if min(depth0.shape) < 2:
        raise DataError(f"scene flow: images of {depth0.shape} are too small, 2 x 2 at least")
    if intensity0 is None or intensity1 is None:
        intensity0, intensity1 = relief(depth0), relief(depth1)
    return Frame(intensity0, depth0), Frame(intensity1, depth1)
