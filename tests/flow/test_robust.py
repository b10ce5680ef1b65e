"""What our own presets add: compiled kernels against the plain functions of `robust`."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skelflow.flow.engines.despeckle import despeckle
from skelflow.flow.engines.numba import robust as robust_kernels
from skelflow.flow.engines.numpy import robust
from tests.flow.test_energy import SCENES, Packed, Scene, assert_same, few


@given(SCENES, st.integers(1, 5), st.integers(1, 3))
@few
def test_smooth_depth_agrees(scene: tuple[int, int, int], radius: int, step: int) -> None:
    made = Scene(scene)
    depth = made.depth()
    smoothed, noise = np.empty_like(depth), np.zeros_like(depth)
    Packed(made).run(robust_kernels.smooth_depth, depth, (radius, step, 0.1), smoothed, noise)
    expected, variance = robust.smooth_depth(depth, radius, step, 0.1)
    assert_same([smoothed], [expected])
    np.testing.assert_allclose(noise, variance, rtol=1e-3, atol=1e-9)  # a small difference


@given(SCENES, st.floats(0, 0.5))
@few
def test_despeckle_agrees(scene: tuple[int, int, int], flying: float) -> None:
    made = Scene(scene)
    depth = made.depth()
    strays = made.field(0, 1) < flying
    depth[strays] *= made.field(0.5, 3)[strays]
    found = np.empty_like(depth)
    Packed(made).run(despeckle, depth, found)
    np.testing.assert_array_equal(found, robust.despeckle(depth))


@given(SCENES)
@few
def test_soften_agrees(scene: tuple[int, int, int]) -> None:
    made = Scene(scene)
    image = made.field(0, 255)
    found = np.empty_like(image)
    Packed(made).run(robust_kernels.soften, image, found)
    assert_same([found], [robust.soften(image)])


@given(SCENES)
@few
def test_contrast_gain_agrees(scene: tuple[int, int, int]) -> None:
    made = Scene(scene)
    image = made.field(0, 255)
    found = np.empty_like(image)
    Packed(made).run(robust_kernels.contrast_gain, image, found)
    assert_same([found], [robust.contrast_gain(image)])


@given(SCENES)
@few
def test_reweight_agrees(scene: tuple[int, int, int]) -> None:
    made, packed = Scene(scene), Packed(Scene(scene))
    given, depth = made.residuals(), made.depth()
    start = made.field(-4, 4), made.field(-4, 4), made.field(-0.1, 0.1)
    gain, noise = made.field(0.1, 4), made.field(0, 0.03) ** 2
    u0, v0, w0 = start
    packed.fill(**given._asdict(), misfit=given.Zt, u0=u0, v0=v0, w=w0)
    packed.fill(It=given.It - given.Ix * u0 - given.Iy * v0)
    packed.fill(Zt=given.Zt - given.Zx * u0 - given.Zy * v0)
    packed.run(robust_kernels.reweight, packed.rows, depth, gain, noise)
    expected, found = robust.reweight(given, start, depth, gain, noise), packed.fields
    names = ["Ix", "Iy", "Zx", "Zy", "misfit"]
    assert_same([found[name] for name in names], [*expected[1:3], *expected[4:], expected.Zt])
    assert_same([found["It"]], [expected.It - expected.Ix * u0 - expected.Iy * v0])
    assert_same([found["Zt"]], [expected.Zt - expected.Zx * u0 - expected.Zy * v0])
