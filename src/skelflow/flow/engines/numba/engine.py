"""Engine "numba": compiled for the CPU, one pair at a time on as many threads as asked for."""

from skelflow.flow.engines.each_pair import solve_each
from skelflow.flow.engines.numba.solver import solve
from skelflow.flow.inputs import Flows, FramePairs
from skelflow.flow.presets import Preset


def solve_pairs(pairs: FramePairs, *, preset: Preset, threads: int) -> Flows:
    """Implements `skelflow.flow.engines.registry.Engine`; the flow depends on no `threads`."""
    return solve_each(
        pairs,
        lambda first, second, camera: solve(
            first, second, camera=camera, preset=preset, threads=threads
        ),
        preset=preset,
    )
