"""What a user is told, and what is compiled, when kernels meet new kinds of arrays."""

import logging
from typing import Any

import numpy as np
import pytest
from numba import njit
from numba.core import event

from skelflow.flow.api import scene_flow
from skelflow.flow.engines.jit import ANNOUNCEMENT, ANNOUNCEMENT_ANEW, _Announce, _warn
from skelflow.flow.engines.numba import (
    kernels,
    lift,
    median,
    primal_dual,
    pyramid,
    robust,
    upsample,
)
from skelflow.types import Camera

KERNELS = (
    *(kernels.differentiate, kernels.warp, kernels.steps, lift.lift, median.limit, median.median),
    *(primal_dual.advance, pyramid.halve_depth, pyramid.halve_intensity, robust.contrast_gain),
    *(robust.reweight, robust.smooth_depth, robust.soften, upsample.double, upsample.start_warp),
)


def test_compiling_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    def one(x: int) -> int:
        return x + 1

    one.__module__ = "skelflow.flow.engines.example"
    njit_one: Any = njit(one)
    theirs: Any = njit(lambda x: x + 2)
    caplog.set_level(logging.INFO, logger="skelflow.flow.engines.jit")
    njit_one(1)  # the process's own listener, if it has not spoken yet
    caplog.clear()
    with event.install_listener("numba:compile", _Announce()):
        theirs(1)
        assert not caplog.records
        kernel: Any = njit(one)
        kernel(1)
        kernel(1.0)
    assert [record.getMessage() for record in caplog.records] == [ANNOUNCEMENT]


def test_once_is_not_promised_where_nothing_is_kept(
    caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    def one(x: int) -> int:
        return x + 1

    one.__module__ = "skelflow.flow.engines.example"
    request.addfinalizer(_warn.cache_clear)
    caplog.set_level(logging.INFO, logger="skelflow.flow.engines.jit")
    _warn("Read-only file system")
    caplog.clear()
    with event.install_listener("numba:compile", _Announce()):
        kernel: Any = njit(one)
        kernel(1)
    assert ANNOUNCEMENT_ANEW in [record.getMessage() for record in caplog.records]


def test_no_kernel_is_compiled_anew_for_other_arrays_of_the_same_images() -> None:
    camera = Camera.from_fov(40, 30, 62.5)
    depth = np.random.default_rng(0).uniform(1, 2, (30, 40)).astype(np.float32)
    fixed = depth.copy()
    fixed.flags.writeable = False

    def solve(given: np.ndarray) -> list[int]:
        scene_flow(given, given, camera, intensity=(given, given), preset="fast")
        return [len(kernel.signatures) for kernel in KERNELS]

    compiled = solve(depth)
    for given in (np.asfortranarray(depth), fixed, np.repeat(depth, 2, axis=1)[:, ::2]):
        assert solve(given) == compiled
