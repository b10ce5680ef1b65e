"""The compiled terms against the NumPy reference, on random input with holes and odd sizes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelflow.flow import energy, kernels, sweep
from skelflow.flow.terms import Field, Residuals, State, Steps
from skelflow.types import Camera

SCENES = st.tuples(st.integers(4, 21), st.integers(4, 21), st.integers(0, 2**32 - 1))
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


def copied(state: State) -> State:
    return State(*(field.copy() for field in state))


def assert_same(found: Any, expected: Any, tolerance: float = 2e-5) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())


@given(SCENES)
@few
def test_halve_intensity_agrees(scene: tuple[int, int, int]) -> None:
    image = Scene(scene).field(0, 255)
    assert_same([kernels.halve_intensity(image)], [energy.halve_intensity(image)])


@given(SCENES)
@few
def test_halve_depth_agrees(scene: tuple[int, int, int]) -> None:
    depth = Scene(scene).depth()
    assert_same([kernels.halve_depth(depth)], [energy.halve_depth(depth)])


@given(SCENES, st.booleans())
@few
def test_double_agrees(scene: tuple[int, int, int], exact: bool) -> None:
    field = Scene(scene).field(-1, 1)
    found = kernels.double(field, exact_border=exact)
    assert_same([found], [energy.double(field, exact_border=exact)])


@given(SCENES)
@few
def test_surface_metric_and_derivatives_agree(scene: tuple[int, int, int]) -> None:
    made = Scene(scene)
    depth = made.depth()
    found, expected = (t.surface_metric(depth, made.camera) for t in (kernels, energy))
    assert_same(found, expected)
    image = made.field(0, 255)
    assert_same(kernels.derivatives(image, *expected), energy.derivatives(image, *expected))


@given(SCENES)
@few
def test_warp_agrees_out_of_the_image_too(scene: tuple[int, int, int]) -> None:
    made = Scene(scene)
    first = made.field(0, 255), made.depth()
    gradients = [made.field(-5, 5) for _ in range(4)]
    second = made.field(0, 255), *gradients[:2], made.depth(), *gradients[2:]
    u0, v0 = made.field(-4, 4), made.field(-4, 4)
    assert_same(kernels.warp(first, second, u0, v0), energy.warp(first, second, u0, v0))


@given(SCENES)
@few
def test_steps_agree(scene: tuple[int, int, int]) -> None:
    made = Scene(scene)
    metric = energy.surface_metric(made.depth(), made.camera)
    residuals = made.residuals()
    assert_same(kernels.steps(residuals, *metric), energy.steps(residuals, *metric))


@given(SCENES, st.integers(1, 5))
@few
def test_iterate_agrees(scene: tuple[int, int, int], count: int) -> None:
    made = Scene(scene)
    residuals, state = made.residuals(), made.state()
    weights = energy.steps(residuals, *energy.surface_metric(made.depth(), made.camera))
    found, expected = copied(state), copied(state)
    sweep.iterate(found, residuals, weights, count)
    energy.iterate(expected, residuals, weights, count)
    assert_same(found, expected, 2e-3)


@given(SCENES)
@few
def test_median_agrees(scene: tuple[int, int, int]) -> None:
    made = Scene(scene)
    field, depth, residual = made.field(-1, 1), made.depth(), made.field(-0.1, 0.1)
    found = kernels.median(field, depth, residual)
    # where two cumulative weights tie to rounding, the neighbor's interval gives the same value
    assert_same([found], [energy.median(field, depth, residual)], 1e-3)


@pytest.mark.parametrize("terms", [energy, kernels], ids=["numpy", "compiled"])
class TestEachTerm:
    """What a term means, on input whose answer is known."""

    def test_halve_intensity_keeps_a_constant(self, terms: Any) -> None:
        halved = terms.halve_intensity(np.full((7, 10), 9, np.float32))
        np.testing.assert_allclose(halved, np.full((4, 5), 9), rtol=1e-6)

    def test_halve_depth_never_mixes_surfaces(self, terms: Any) -> None:
        depth = np.full((8, 8), 1.0, np.float32)
        depth[:, 4:] = 2
        depth[2, 2] = 0
        halved = terms.halve_depth(depth)
        assert halved[1, 1] == 0
        halved[1, 1] = 1
        np.testing.assert_allclose(halved, [[1, 1, 2, 2]] * 4, rtol=1e-6)

    def test_double_has_the_gains_the_authors_publish(self, terms: Any) -> None:
        fine = terms.double(np.ones((4, 4), np.float32), exact_border=False)
        gains = np.array([14 / 11, 16 / 15, 1, 1, 1, 1, 14 / 15, 8 / 11])
        np.testing.assert_allclose(fine, np.outer(gains, gains), rtol=1e-6)

    def test_double_keeps_a_constant_when_the_border_is_exact(self, terms: Any) -> None:
        fine = terms.double(np.ones((3, 5), np.float32), exact_border=True)
        np.testing.assert_allclose(fine, np.ones((6, 10)), rtol=1e-6)

    def test_metric_of_a_facing_plane_is_two_pixels_over_depth(self, terms: Any) -> None:
        camera = Camera(6, 5, 100.0, 50.0, 2.5, 2.0)
        rx, ry = terms.surface_metric(np.full((5, 6), 2.0, np.float32), camera)
        np.testing.assert_allclose(rx[:, :-1], 100, rtol=1e-4)
        np.testing.assert_allclose(ry[:-1], 50, rtol=1e-4)
        assert (rx[:, -1] == 1).all()
        assert (ry[-1] == 1).all()

    def test_derivatives_of_a_ramp_are_its_slopes(self, terms: Any) -> None:
        y, x = np.mgrid[:6, :7].astype(np.float32)
        metric = np.random.default_rng(0).uniform(1, 9, (6, 7)).astype(np.float32)
        along_x, along_y = terms.derivatives(3 * x - 2 * y, metric, metric)
        np.testing.assert_allclose(along_x, 3, rtol=1e-5)
        np.testing.assert_allclose(along_y, -2, rtol=1e-5)

    def test_warp_takes_the_nearest_depth_beside_a_hole(self, terms: Any) -> None:
        zero = np.zeros((4, 4), np.float32)
        depth = np.full((4, 4), 2.0, np.float32)
        depth[:, 2] = 0
        depth[:, 3] = 3
        second = zero, zero, zero, depth, zero, zero
        first = zero, np.ones((4, 4), np.float32)
        found = terms.warp(first, second, np.full((4, 4), 0.4, np.float32), zero).Zt
        np.testing.assert_allclose(found, [[1, 1, 0, 2]] * 4, rtol=1e-6)

    def test_median_ignores_an_outlier_and_keeps_null_pixels(self, terms: Any) -> None:
        field = np.ones((5, 5), np.float32)
        field[2, 2], field[0, 0] = 100, 50
        depth = np.ones((5, 5), np.float32)
        depth[0, 0] = 0
        found = terms.median(field, depth, np.zeros((5, 5), np.float32))
        assert found[0, 0] == 50
        assert found[2, 2] == 1


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
