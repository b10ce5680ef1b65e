"""The terms of the batched solver against the NumPy reference, on random batches with holes."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from skelflow.flow.engines import depth_image as relief
from skelflow.flow.engines.numpy import energy, robust
from skelflow.flow.engines.numpy import solver as reference
from skelflow.flow.engines.torch import camera as batched_camera
from skelflow.flow.engines.torch import depth_image as batched_relief
from skelflow.flow.engines.torch import energy as on_tensors
from skelflow.flow.engines.torch import primal_dual as batched_iterate
from skelflow.flow.engines.torch import robust as batched_robust
from skelflow.flow.engines.torch import solver as batched
from skelflow.flow.engines.torch.primal_dual import State
from skelflow.flow.state import Field, PyramidFrame, Residuals, Steps
from skelflow.flow.state import State as PlainState
from skelflow.types import Camera

BATCHES = st.tuples(
    st.integers(1, 3), st.integers(2, 21), st.integers(2, 21), st.integers(0, 2**32 - 1)
)
few = settings(max_examples=25, deadline=None)
Seed = tuple[int, int, int, int]


class Batch:
    """Random fields of a few pairs, each pair with a camera of its own; depth with holes."""

    def __init__(self, batch: Seed) -> None:
        self.pairs, self.height, self.width, seed = batch
        self.random = np.random.default_rng(seed)
        self.cameras = [self.camera() for _ in range(self.pairs)]

    def camera(self) -> Camera:
        fx, fy = self.random.uniform(0.5, 2, 2) * self.width
        cx, cy = self.random.uniform(0, 1, 2) * (self.width, self.height)
        return Camera(self.width, self.height, fx, fy, cx, cy)

    def fields(self, low: float, high: float) -> np.ndarray:
        shape = (self.pairs, self.height, self.width)
        return self.random.uniform(low, high, shape).astype(np.float32)

    def depth(self) -> np.ndarray:
        surface = np.where(self.fields(0, 1) < 0.7, np.float32(1.5), np.float32(2))
        depth = surface + self.fields(-0.02, 0.02)
        depth[self.fields(0, 1) < 0.2] = 0
        return depth

    def residuals(self) -> Residuals:
        ranges = {"It": 20, "Ix": 10, "Iy": 10, "Zt": 0.2, "Zx": 0.05, "Zy": 0.05}
        return Residuals(**{name: self.fields(-size, size) for name, size in ranges.items()})

    def metric(self) -> tuple[np.ndarray, np.ndarray]:
        return self.fields(1, 9), self.fields(1, 9)

    def rays(self) -> batched_camera.Rays:
        like = torch.empty(self.pairs, self.height, self.width)
        return batched_camera.rays(self.cameras, like)


def tensors(fields: Sequence[np.ndarray]) -> list[Tensor]:
    return [torch.from_numpy(field.copy()) for field in fields]


def pairwise(term: Callable[..., object], *fields: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What a term of the reference makes of each pair; one batch for each of its results."""
    results = [term(*pair) for pair in zip(*fields, strict=True)]
    if isinstance(results[0], np.ndarray):
        return [np.stack(results)]
    return [np.stack(same) for same in zip(*results, strict=True)]


def assert_same(
    found: Sequence[Tensor], expected: Sequence[np.ndarray], tolerance: float = 2e-5
) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())


@given(BATCHES)
@few
def test_halve_intensity_agrees(batch: Seed) -> None:
    image = Batch(batch).fields(0, 255)
    found = on_tensors.halve_intensity(torch.from_numpy(image))
    assert_same([found], pairwise(energy.halve_intensity, image))


@given(BATCHES)
@few
def test_halve_depth_agrees(batch: Seed) -> None:
    depth = Batch(batch).depth()
    found = on_tensors.halve_depth(torch.from_numpy(depth))
    assert_same([found], pairwise(energy.halve_depth, depth))


@given(BATCHES, st.booleans())
@few
def test_double_agrees(batch: Seed, exact: bool) -> None:
    coarse = Batch(batch).fields(-1, 1)
    found = on_tensors.double(torch.from_numpy(coarse), exact_border=exact)
    expected = pairwise(lambda field: energy.double(field, exact_border=exact), coarse)
    assert_same([found], expected)


@given(BATCHES)
@few
def test_surface_metric_agrees(batch: Seed) -> None:
    made = Batch(batch)
    depth = made.depth()
    found = on_tensors.surface_metric(torch.from_numpy(depth), made.rays())
    assert_same(found, pairwise(energy.surface_metric, depth, made.cameras))


@given(BATCHES, st.booleans())
@few
def test_differentiate_agrees(batch: Seed, exact: bool) -> None:
    made = Batch(batch)
    frames = made.fields(0, 255), made.depth()
    found = batched.differentiate(
        on_tensors.FrameBatch(*tensors(frames)), made.rays(), exact_border=exact
    )

    def differentiate(intensity: Field, depth: Field, camera: Camera) -> tuple[Field, ...]:
        return reference.differentiate(PyramidFrame(intensity, depth), camera, exact_border=exact)

    assert_same(found, pairwise(differentiate, *frames, made.cameras))


@given(BATCHES)
@few
def test_warp_agrees_out_of_the_image_too(batch: Seed) -> None:
    made = Batch(batch)
    first = made.fields(0, 255), made.depth()
    gradients = [made.fields(-5, 5) for _ in range(4)]
    second = made.fields(0, 255), *gradients[:2], made.depth(), *gradients[2:]
    motion = made.fields(-4, 4), made.fields(-4, 4)
    found = on_tensors.warp(
        on_tensors.FrameBatch(*tensors(first)), tuple(tensors(second)), *tensors(motion)
    )

    def warp(*fields: Field) -> Residuals:
        return energy.warp(fields[:2], fields[2:8], *fields[8:])

    assert_same(found, pairwise(warp, *first, *second, *motion))


def multiplied_out(plain: Steps, residuals: Residuals) -> list[np.ndarray]:
    """The reference's steps in the order and with the products of the batched ones."""
    tau = np.stack(plain[4:7])
    slopes = np.stack([plain.mu * residuals.Zx, plain.mu * residuals.Zy, -plain.mu])
    weights = np.float32([0.04, 0.04, 0.35])[:, None, None, None]
    brightness = tau[:2] * np.stack([residuals.Ix, residuals.Iy])
    products = tau * slopes, tau * weights, brightness
    return [plain.sigma, plain.rx, plain.ry, *products, plain.shrink]


@given(BATCHES, st.sampled_from([1.0, 0.5]))
@few
def test_steps_agree(batch: Seed, step_ratio: float) -> None:
    made = Batch(batch)
    residuals, metric = made.residuals(), made.metric()
    found = batched_iterate.steps(
        on_tensors.Residuals(*tensors(residuals)),
        *map(torch.from_numpy, metric),
        step_ratio=step_ratio,
    )
    plain = pairwise(
        lambda *pair: energy.steps(Residuals(*pair[:6]), *pair[6:], step_ratio=step_ratio),
        *residuals,
        *metric,
    )
    assert_same(found, multiplied_out(Steps(*plain), residuals))


@given(BATCHES, st.integers(1, 5))
@few
def test_iterate_agrees(batch: Seed, count: int) -> None:
    made = Batch(batch)
    residuals, metric = made.residuals(), made.metric()
    fields = PlainState(*(made.fields(-0.5, 0.5) for _ in PlainState._fields))

    def iterate(*pair: Field) -> PlainState:
        weights = energy.steps(Residuals(*pair[:6]), *pair[6:8])
        state = PlainState(*(field.copy() for field in pair[8:]))
        energy.iterate(state, Residuals(*pair[:6]), weights, count)
        return state

    s = PlainState(*pairwise(iterate, *residuals, *metric, *fields))
    expected = stacked(s)
    on_device = on_tensors.Residuals(*tensors(residuals))
    weights = batched_iterate.steps(on_device, *map(torch.from_numpy, metric))
    state = State(*tensors(stacked(fields)))
    found = batched_iterate.iterate(state, on_device, weights, count)
    assert_same(found, expected, 1e-4)


def stacked(s: PlainState) -> list[np.ndarray]:
    start, motion = (s.u0, s.v0, np.zeros_like(s.u0)), (s.u, s.v, s.w)
    duals = (s.p_ux, s.p_vx, s.p_wx), (s.p_uy, s.p_vy, s.p_wy)
    bar = s.u_bar, s.v_bar, s.w_bar
    return [*map(np.stack, (start, motion, bar)), s.p_d, *map(np.stack, duals)]


@given(BATCHES)
@few
def test_divergence_agrees(batch: Seed) -> None:
    made = Batch(batch)
    rx, ry = made.metric()
    p_x, p_y = (np.stack([made.fields(-1, 1) for _ in range(3)]) for _ in range(2))
    fields = tensors((p_x, p_y, rx, ry))
    found = batched_iterate.divergence(*fields, out=torch.empty(p_x.shape))
    expected = [pairwise(energy.divergence, a, b, rx, ry)[0] for a, b in zip(p_x, p_y, strict=True)]
    assert_same(found, expected)


@given(BATCHES, st.booleans())
@few
def test_median_agrees_with_ties_too(batch: Seed, ties: bool) -> None:
    made = Batch(batch)
    motion = np.stack([made.fields(-1, 1) for _ in range(3)])
    if ties:
        motion = np.round(4 * motion) / np.float32(4)
    depth, residual = made.depth(), made.fields(-0.1, 0.1)
    found = on_tensors.median(*tensors((motion, depth, residual)))
    expected = [pairwise(energy.median, field, depth, residual)[0] for field in motion]
    # where two cumulative weights tie to rounding, the neighbor's interval gives the same value
    assert_same(found, expected, 1e-3)


@given(BATCHES, st.booleans())
@few
def test_lift_agrees(batch: Seed, exact: bool) -> None:
    made = Batch(batch)
    motion, depth = np.stack([made.fields(-1, 1) for _ in range(3)]), made.depth()
    moved, depths = tensors((motion, depth))
    found = batched_camera.lift(moved, depths, made.cameras, exact=exact)
    expected = pairwise(lambda *pair: energy.lift(*pair, exact=exact), *motion, depth, made.cameras)
    assert_same([found], expected)


@given(BATCHES)
@few
def test_relief_agrees_with_opencv_at_any_proportions(batch: Seed) -> None:
    depth = Batch(batch).depth()
    depth = np.repeat(depth, 1 + 100 // depth.shape[1], axis=1)  # the blur grows with the rows
    found = batched_relief.relief(torch.from_numpy(depth))
    assert_same([found], pairwise(relief.relief, depth))


@pytest.mark.parametrize("sigma", [0.75, 1.5, 6.0, 12.0])
def test_relief_blurs_with_the_weights_of_opencv(sigma: float) -> None:
    dot = np.zeros((1, 121, 121), np.float32)
    dot[0, 60, 60] = 1
    found = batched_relief._blur(torch.from_numpy(dot), sigma)
    expected = cv2.GaussianBlur(dot[0], (0, 0), sigma)
    np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-9)


@given(BATCHES)
@few
def test_soften_and_contrast_gain_agree(batch: Seed) -> None:
    image = Batch(batch).fields(0, 255)
    given = torch.from_numpy(image)
    assert_same([batched_robust.soften(given)], pairwise(robust.soften, image))
    assert_same([batched_robust.contrast_gain(given)], pairwise(robust.contrast_gain, image))


@given(BATCHES)
@few
def test_despeckle_agrees(batch: Seed) -> None:
    made = Batch(batch)
    depth = made.depth()
    strays = made.fields(0, 1) < 0.2
    depth[strays] *= made.fields(0.5, 3)[strays]
    found = batched_robust.despeckle(torch.from_numpy(depth))
    np.testing.assert_array_equal(found, np.stack([robust.despeckle(field) for field in depth]))


@given(BATCHES, st.integers(1, 4), st.integers(1, 3))
@few
def test_smooth_depth_agrees(batch: Seed, radius: int, step: int) -> None:
    depth = Batch(batch).depth()
    found, noise = batched_robust.smooth_depth(torch.from_numpy(depth), radius, step, 0.1)
    expected, variance = pairwise(lambda z: robust.smooth_depth(z, radius, step, 0.1), depth)
    assert_same([found], [expected])
    np.testing.assert_allclose(noise, variance, rtol=1e-3, atol=1e-9)  # a small difference


@given(BATCHES)
@few
def test_reweight_agrees(batch: Seed) -> None:
    made = Batch(batch)
    residuals, depth = made.residuals(), made.depth()
    start = made.fields(-4, 4), made.fields(-4, 4), made.fields(-0.1, 0.1)
    gain, noise = made.fields(0.1, 4), made.fields(0, 0.03) ** 2
    found = batched_robust.reweight(
        on_tensors.Residuals(*tensors(residuals)),
        torch.stack(tensors(start)),
        *tensors([depth, gain, noise]),
    )
    expected = pairwise(
        lambda *pair: robust.reweight(Residuals(*pair[:6]), pair[6:9], *pair[9:]),
        *residuals,
        *start,
        depth,
        gain,
        noise,
    )
    assert_same(found, expected)


@given(BATCHES)
@few
def test_shading_agrees(batch: Seed) -> None:
    made = Batch(batch)
    depth = made.depth()
    found = batched_relief.shading(torch.from_numpy(depth), made.cameras)
    expected = [relief.shading(z, c) for z, c in zip(depth, made.cameras, strict=True)]
    assert_same([found], [np.stack(expected)], 2e-4)
