"""The compiled terms against the NumPy reference, on random input with holes and odd sizes."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelflow.flow.engines.numba import kernels, median, pyramid
from skelflow.flow.engines.numba import primal_dual as sweep
from skelflow.flow.engines.numba import upsample as refine
from skelflow.flow.engines.numba.lift import lift
from skelflow.flow.engines.numba.row_layout import allocate, named
from skelflow.flow.engines.numba.row_threads import RowThreads
from skelflow.flow.engines.numpy import energy, robust
from skelflow.flow.engines.numpy import solver as reference
from skelflow.flow.pyramid_sizes import rays
from skelflow.flow.state import Field, PyramidFrame, Residuals, State, Steps
from skelflow.types import Camera

SCENES = st.tuples(st.integers(4, 21), st.integers(4, 21), st.integers(0, 2**32 - 1))
STEP_RATIOS = st.sampled_from([1.0, 0.5])
few = settings(max_examples=25, deadline=None)


class Scene:
    """Two random frames with holes; depth on two surfaces half a meter apart."""

    def __init__(self, scene: tuple[int, int, int]) -> None:
        self.height, self.width, seed = scene
        self.random = np.random.default_rng(seed)
        self.camera = Camera.from_fov(self.width, self.height, 62.5)

    def field(self, low: float, high: float) -> Field:
        return self.random.uniform(low, high, (self.height, self.width)).astype(np.float32)

    def depth(self) -> Field:
        surface = np.where(self.field(0, 1) < 0.7, np.float32(1.5), np.float32(2))
        depth = surface + self.field(-0.02, 0.02)
        depth[self.field(0, 1) < 0.2] = 0
        return depth

    def residuals(self) -> Residuals:
        ranges = {"It": 20, "Ix": 10, "Iy": 10, "Zt": 0.2, "Zx": 0.05, "Zy": 0.05}
        return Residuals(**{name: self.field(-size, size) for name, size in ranges.items()})

    def state(self) -> State:
        return State(*(self.field(-0.5, 0.5) for _ in State._fields))


class Packed:
    """A level in the compiled solver's own memory, filled from the reference's arrays."""

    def __init__(self, made: Scene) -> None:
        self.rows = allocate(made.height, made.width)
        self.fields = named(self.rows, made.width)
        self.height = made.height

    def fill(self, **values: Field) -> None:
        for name, value in values.items():
            self.fields[name][:] = value

    def run(self, kernel: Callable[..., None], *args: Any) -> None:
        """In two bands, as two threads would."""
        for first, last in pairwise((0, self.height // 2, self.height)):
            kernel(*args, first, last)


def halves(made: Scene) -> Field:
    return np.empty(((made.height + 1) // 2, (made.width + 1) // 2), np.float32)


def assert_same(found: Any, expected: Any, tolerance: float = 2e-5) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())


@given(SCENES)
@few
def test_halve_intensity_agrees(scene: tuple[int, int, int]) -> None:
    made = Scene(scene)
    image, found = made.field(0, 255), halves(made)
    pyramid.halve_intensity(image, found, 0, len(found))
    assert_same([found], [energy.halve_intensity(image)])


@given(SCENES)
@few
def test_halve_depth_agrees(scene: tuple[int, int, int]) -> None:
    made = Scene(scene)
    depth, found = made.depth(), halves(made)
    pyramid.halve_depth(depth, found, 0, len(found))
    assert_same([found], [energy.halve_depth(depth)])


@given(SCENES, st.booleans())
@few
def test_double_agrees_for_all_ten_fields(scene: tuple[int, int, int], exact: bool) -> None:
    made = Scene(scene)
    coarse, fine = Packed(made), Packed(Scene((2 * made.height, 2 * made.width, 0)))
    names = ("u_bar", "v_bar", "w_bar", *State._fields[8:])
    coarse.fill(**{name: made.field(-1, 1) for name in names})
    coarse.run(refine.double, coarse.rows, made.width, fine.rows, exact)
    for name in names:
        expected = energy.double(coarse.fields[name].copy(), exact_border=exact)
        unit = 2 if name in ("u_bar", "v_bar") else 1
        assert_same([fine.fields[name]], [unit * expected])


@given(SCENES, st.booleans())
@few
def test_differentiate_agrees(scene: tuple[int, int, int], exact: bool) -> None:
    made = Scene(scene)
    frame = PyramidFrame(made.field(0, 255), made.depth())
    found = np.zeros((made.height, made.width, kernels.CHANNELS), np.float32)
    pixel_rays = rays(made.camera, frame.depth)
    Packed(made).run(kernels.differentiate, *frame, *pixel_rays, exact, found)
    expected = reference.differentiate(frame, made.camera, exact_border=exact)
    assert_same(np.moveaxis(found, -1, 0)[: len(expected)], expected)


@given(SCENES)
@few
def test_warp_agrees_out_of_the_image_too(scene: tuple[int, int, int]) -> None:
    made, packed = Scene(scene), Packed(Scene(scene))
    first = made.field(0, 255), made.depth()
    gradients = [made.field(-5, 5) for _ in range(4)]
    second = made.field(0, 255), *gradients[:2], made.depth(), *gradients[2:]
    u0, v0 = made.field(-4, 4), made.field(-4, 4)
    together = np.zeros((made.height, made.width, kernels.CHANNELS), np.float32)
    together[..., : len(second)] = np.stack(second, axis=-1)
    packed.fill(u0=u0, v0=v0)
    packed.run(kernels.warp, packed.rows, *first, together)
    expected, found = energy.warp(first, second, u0, v0), packed.fields
    assert_same([found[name] for name in ["Ix", "Iy", "Zx", "Zy"]], [*expected[1:3], *expected[4:]])
    assert_same([found["misfit"]], [expected.Zt])
    ahead = expected.Ix * u0 + expected.Iy * v0, expected.Zx * u0 + expected.Zy * v0
    assert_same([found["It"], found["Zt"]], [expected.It - ahead[0], expected.Zt - ahead[1]])


@given(SCENES, STEP_RATIOS)
@few
def test_steps_agree(scene: tuple[int, int, int], step_ratio: float) -> None:
    made, packed = Scene(scene), Packed(Scene(scene))
    depth, residuals = made.depth(), made.residuals()
    packed.fill(**residuals._asdict(), misfit=residuals.Zt)
    packed.run(kernels.steps, packed.rows, depth, *rays(made.camera, depth), np.float32(step_ratio))
    expected = energy.steps(
        residuals, *energy.surface_metric(depth, made.camera), step_ratio=step_ratio
    )
    assert_same([packed.fields[name] for name in Steps._fields], expected)


@given(SCENES, st.integers(1, 30), st.integers(1, 3), STEP_RATIOS)
@few
def test_iterate_agrees_whatever_the_number_of_bands(
    scene: tuple[int, int, int], count: int, threads: int, step_ratio: float
) -> None:
    made, packed = Scene(scene), Packed(Scene(scene))
    residuals, state = made.residuals(), made.state()
    metric = energy.surface_metric(made.depth(), made.camera)
    weights = energy.steps(residuals, *metric, step_ratio=step_ratio)
    # the reference moves by increments of u0, v0; the compiled solver by the whole motion
    packed.fill(**state._asdict(), **residuals._asdict(), **weights._asdict())
    q, moved = residuals, {name: packed.fields[name] for name in State._fields[2:]}
    packed.fill(It=q.It - q.Ix * state.u0 - q.Iy * state.v0)
    packed.fill(Zt=q.Zt - q.Zx * state.u0 - q.Zy * state.v0)
    for name, start in (("u", state.u0), ("u_bar", state.u0), ("v", state.v0), ("v_bar", state.v0)):
        moved[name] += start
    with RowThreads(threads, least_rows=4) as row_threads:
        sweep.iterate(packed.rows, made.width, count, step_ratio, row_threads)
    energy.iterate(state, residuals, weights, count, step_ratio=step_ratio)
    for name, start in (("u", state.u0), ("u_bar", state.u0), ("v", state.v0), ("v_bar", state.v0)):
        moved[name] -= start
    assert_same([moved[name] for name in State._fields[2:]], state[2:], 2e-3)


@given(SCENES)
@few
def test_median_agrees(scene: tuple[int, int, int]) -> None:
    made, packed = Scene(scene), Packed(Scene(scene))
    fields, depth, misfit = [made.field(-1, 1) for _ in "uvw"], made.depth(), made.field(-0.1, 0.1)
    fields[1] = np.round(fields[1] * 3) / 3  # many equal values
    packed.fill(u=fields[0], v=fields[1], w=fields[2], misfit=misfit)
    packed.run(median.median, packed.rows, depth)
    found = [packed.fields[name] for name in ("u_bar", "v_bar", "w_bar")]
    # where two cumulative weights tie to rounding, the neighbor's interval gives the same value
    assert_same(found, [energy.median(field, depth, misfit) for field in fields], 1e-3)


@given(SCENES)
@few
def test_limit_keeps_within_a_pixel_and_rests_where_there_is_no_depth(
    scene: tuple[int, int, int],
) -> None:
    made, packed = Scene(scene), Packed(Scene(scene))
    u, v, w, u0, v0 = (made.field(-3, 3) for _ in range(5))
    depth = made.depth()
    packed.fill(u=u, v=v, w=w, u0=u0, v0=v0)
    packed.run(median.limit, packed.rows, depth)
    found, null = packed.fields, np.float32(0)
    assert_same([found["u"]], [u0 + np.clip(u - u0, -1, 1)])
    assert_same([found["v"]], [v0 + np.clip(v - v0, -1, 1)])
    assert_same([found["w"]], [np.where(depth > 0, w, null)])


@given(SCENES, st.booleans())
@few
def test_lift_agrees(scene: tuple[int, int, int], exact: bool) -> None:
    made, packed = Scene(scene), Packed(Scene(scene))
    u, v, w, depth = *(made.field(-3, 3) for _ in "uvw"), made.depth()
    packed.fill(u_bar=u, v_bar=v, w_bar=w)
    found = np.empty((made.height, made.width, 3), np.float32)
    focal = np.float32(made.camera.fx), np.float32(made.camera.fy)
    packed.run(lift, packed.rows, depth, focal, *rays(made.camera, depth), exact, found)
    assert_same([found], [energy.lift(u, v, w, depth, made.camera, exact=exact)])


class TestEachTerm:
    """What a term means, on input whose answer is known."""

    def test_halve_intensity_keeps_a_constant(self) -> None:
        halved = energy.halve_intensity(np.full((7, 10), 9, np.float32))
        np.testing.assert_allclose(halved, np.full((4, 5), 9), rtol=1e-6)

    def test_halve_depth_never_mixes_surfaces(self) -> None:
        depth = np.full((8, 8), 1.0, np.float32)
        depth[:, 4:] = 2
        depth[2, 2] = 0
        halved = energy.halve_depth(depth)
        assert halved[1, 1] == 0
        halved[1, 1] = 1
        np.testing.assert_allclose(halved, [[1, 1, 2, 2]] * 4, rtol=1e-6)

    def test_double_has_the_gains_the_authors_publish(self) -> None:
        fine = energy.double(np.ones((4, 4), np.float32), exact_border=False)
        gains = np.array([14 / 11, 16 / 15, 1, 1, 1, 1, 14 / 15, 8 / 11])
        np.testing.assert_allclose(fine, np.outer(gains, gains), rtol=1e-6)

    def test_double_keeps_a_constant_when_the_border_is_exact(self) -> None:
        fine = energy.double(np.ones((3, 5), np.float32), exact_border=True)
        np.testing.assert_allclose(fine, np.ones((6, 10)), rtol=1e-6)

    def test_metric_of_a_facing_plane_is_two_pixels_over_depth(self) -> None:
        camera = Camera(6, 5, 100.0, 50.0, 2.5, 2.0)
        rx, ry = energy.surface_metric(np.full((5, 6), 2.0, np.float32), camera)
        np.testing.assert_allclose(rx[:, :-1], 100, rtol=1e-4)
        np.testing.assert_allclose(ry[:-1], 50, rtol=1e-4)
        assert (rx[:, -1] == 1).all()
        assert (ry[-1] == 1).all()

    def test_derivatives_of_a_ramp_are_its_slopes(self) -> None:
        y, x = np.mgrid[:6, :7].astype(np.float32)
        metric = np.random.default_rng(0).uniform(1, 9, (6, 7)).astype(np.float32)
        along_x, along_y = energy.derivatives(3 * x - 2 * y, metric, metric)
        np.testing.assert_allclose(along_x, 3, rtol=1e-5)
        np.testing.assert_allclose(along_y, -2, rtol=1e-5)

    def test_warp_takes_the_nearest_depth_beside_a_hole(self) -> None:
        zero = np.zeros((4, 4), np.float32)
        depth = np.full((4, 4), 2.0, np.float32)
        depth[:, 2] = 0
        depth[:, 3] = 3
        second = zero, zero, zero, depth, zero, zero
        first = zero, np.ones((4, 4), np.float32)
        found = energy.warp(first, second, np.full((4, 4), 0.4, np.float32), zero).Zt
        np.testing.assert_allclose(found, [[1, 1, 0, 2]] * 4, rtol=1e-6)

    def test_median_ignores_an_outlier_and_keeps_null_pixels(self) -> None:
        field = np.ones((5, 5), np.float32)
        field[2, 2], field[0, 0] = 100, 50
        depth = np.ones((5, 5), np.float32)
        depth[0, 0] = 0
        found = energy.median(field, depth, np.zeros((5, 5), np.float32))
        assert found[0, 0] == 50
        assert found[2, 2] == 1

    def test_smooth_depth_keeps_a_slope_to_its_border_and_an_edge(self) -> None:
        y, x = np.mgrid[:9, :12].astype(np.float32)
        depth = 1.5 + 0.02 * x + 0.01 * y
        depth[:, 6:] += 1
        depth[4, 3] = 0
        smoothed, noise = robust.smooth_depth(depth, 3, 1, 0.1)
        np.testing.assert_allclose(smoothed, depth, atol=2e-6)
        np.testing.assert_allclose(noise, 0, atol=1e-10)

    def test_smooth_depth_takes_noise_away_and_says_how_much_it_was(self) -> None:
        sigma_m = 0.004
        random = np.random.default_rng(0)
        depth = (2 + random.normal(0, sigma_m, (60, 80))).astype(np.float32)
        smoothed, noise = robust.smooth_depth(depth, 4, 1, 0.1)
        assert smoothed.std() < 0.25 * sigma_m
        assert np.sqrt(noise.mean()) == pytest.approx(sigma_m, rel=0.1)

    def test_contrast_gain_makes_faint_texture_count_as_strong_one(self) -> None:
        image = np.random.default_rng(0).uniform(0, 200, (20, 30)).astype(np.float32)
        inside = slice(1, -1), slice(1, -1)
        strong = (image * robust.contrast_gain(image))[inside].std()
        faint = (0.2 * image * robust.contrast_gain(0.2 * image))[inside].std()
        assert faint == pytest.approx(strong, rel=0.1)

    def test_reweight_believes_nothing_of_what_leaves_the_image(self) -> None:
        made = Scene((6, 7, 1))
        depth, zero, one = np.full((6, 7), 2, np.float32), made.field(0, 0), made.field(1, 1)
        left = np.full((6, 7), -1, np.float32)
        found = robust.reweight(made.residuals(), (left, zero, zero), depth, one, zero)
        for name in ("It", "Ix", "Iy", "Zx", "Zy"):
            values = getattr(found, name)
            assert (values[:, 0] == 0).all()
            assert (values[:, 1:] != 0).any()
        weights = energy.steps(found, *energy.surface_metric(depth, made.camera))
        assert weights.mu[:, 0].max() < 1e-4 * weights.mu[:, 1:].min()

    def test_reweight_shrinks_depth_residuals_within_the_noise_to_nothing(self) -> None:
        zero, depth = np.zeros((1, 2), np.float32), np.full((1, 2), 2, np.float32)
        z_t = np.float32([[0.0009, 0.05]])
        given = Residuals(zero, zero, zero, z_t, zero, zero)
        noise = np.full((1, 2), 0.01**2, np.float32)
        found = robust.reweight(given, (zero, zero, zero), depth, zero, noise).Zt
        assert found[0, 0] == 0
        assert found[0, 1] == pytest.approx(0.05, rel=0.01)


def test_divergence_is_the_negative_adjoint_of_the_gradient() -> None:
    made = Scene((9, 12, 3))
    rx, ry = made.field(1, 9), made.field(1, 9)
    rx[:, -1], ry[-1] = 0, 0
    field, p_x, p_y = made.field(-1, 1), made.field(-1, 1), made.field(-1, 1)
    gradient: Callable[[Field, int], Field] = lambda a, axis: np.diff(a, axis=axis)  # noqa: E731
    inner = np.sum(rx[:, :-1] * gradient(field, 1) * p_x[:, :-1])
    inner += np.sum(ry[:-1] * gradient(field, 0) * p_y[:-1])
    spread = np.sum(energy.divergence(p_x, p_y, rx, ry) * field)
    np.testing.assert_allclose(inner, -spread, rtol=1e-4)


def test_steps_have_no_gradient_past_the_last_column_and_row() -> None:
    made = Scene((6, 7, 1))
    metric = energy.surface_metric(made.depth(), made.camera)
    weights: Steps = energy.steps(made.residuals(), *metric)
    assert not weights.rx[:, -1].any()
    assert not weights.ry[-1].any()
