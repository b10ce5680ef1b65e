"""Engine "numpy": the reference, one pair at a time; slow, and to be read beside the paper."""

from skelflow.flow.engines.each_pair import solve_each
from skelflow.flow.engines.numpy.solver import solve
from skelflow.flow.inputs import Flows, FramePairs
from skelflow.flow.presets import Preset


def solve_pairs(pairs: FramePairs, *, preset: Preset, threads: int) -> Flows:  # noqa: ARG001
    """Implements `skelflow.flow.engines.registry.Engine`; works on one thread whatever is asked."""
    return solve_each(
        pairs,
        lambda first, second, camera: solve(first, second, camera=camera, preset=preset),
        preset=preset,
    )
