"""Engine "torch": all pairs of a batch at once, on whatever device their tensors are."""

import numpy as np
import torch

from skelflow.flow.engines.torch.camera import Fields, Flow
from skelflow.flow.engines.torch.depth_image import relief, shading
from skelflow.flow.engines.torch.energy import FrameBatch
from skelflow.flow.engines.torch.inputs import check_tensors, check_values
from skelflow.flow.engines.torch.solver import solve
from skelflow.flow.inputs import Flows, FramePairs
from skelflow.flow.presets import Preset


def solve_pairs(pairs: FramePairs, *, preset: Preset, threads: int) -> Flows:  # noqa: ARG001
    """Implements `skelflow.flow.engines.registry.Engine`; torch decides itself on its threads.

    NumPy arrays are solved on the CPU, and NumPy arrays are returned.
    """
    if not isinstance(pairs.depth0, np.ndarray):
        return solve_tensors(pairs, preset=preset)
    d0, d1, i0, i1 = (
        None if field is None else torch.tensor(field, dtype=torch.float32) for field in pairs[:4]
    )
    return solve_tensors(FramePairs(d0, d1, i0, i1, pairs.cameras), preset=preset).numpy()


@torch.no_grad()
def solve_tensors(pairs: FramePairs, *, preset: Preset, check: bool = True) -> Flow:
    """The flows of a batch of tensors.

    Parameters
    ----------
    pairs : float32 tensors, all on one device.
    preset : settings.
    check : bool
        Look for NaN and other units before the solve, which waits for the device once. Without,
        nothing ever waits, and such values give a meaningless flow.

    Returns
    -------
    (pairs, h, w, 3) float32 on the inputs' device, meters; 0 where frame 0 has no depth. Carries
    no gradient.

    Raises
    ------
    DataError
        Types or devices differ, values are not finite, or depth is not in meters.
    ConfigError
        The preset has settings that this solver does not know.

    Notes
    -----
    Takes 280 bytes a pixel beyond its input: 21 MB for each pair of 240 x 320.
    """
    given = dict(zip(pairs._fields[:4], pairs[:4], strict=True))
    check_tensors(given)
    if check:
        check_values(given)
    intensity0, intensity1 = pairs.intensity0, pairs.intensity1
    if intensity0 is None or intensity1 is None:
        intensity0, intensity1 = (
            depth_image(depth, pairs, preset) for depth in (pairs.depth0, pairs.depth1)
        )
    first, second = FrameBatch(intensity0, pairs.depth0), FrameBatch(intensity1, pairs.depth1)
    return solve(first, second, cameras=pairs.cameras, preset=preset)


def depth_image(depth: Fields, pairs: FramePairs, preset: Preset) -> Fields:
    """The images made of depth that suit a preset, see `skelflow.flow.engines.each_pair`."""
    return shading(depth, pairs.cameras) if preset.robust else relief(depth)
