"""C3D weights of other projects, such as Sports-1M's: found by name or order, checked, copied."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from skelflow.errors import ConfigError, WeightsError
from skelflow.models.base import Network
from skelflow.models.config import ClipSize
from skelflow.models.flow.c3d import CONVOLUTIONS, pooled_size
from skelflow.models.flow.external_formats import (
    ExternalWeights,
    LoadReport,
    read_external,
)

LAYERS = (*CONVOLUTIONS, "fc6", "fc7")
WANTED = [f"{layer}.{kind}" for layer in LAYERS for kind in ("weight", "bias")]
INPUT_SCALE = 127.0  # ours are (value - 128) / 127; the original read about value - 128

# conv1, conv1a, backbone.conv1a.conv, ... : number and letter tell the layer
_NAMED = re.compile(r"(?:^|\.)(?:conv([1-5])([ab]?)|fc([67]))(?:\.conv)?\.(weight|bias)$")
# features.0, classifier.6, ... : order tells the layer
_NUMBERED = re.compile(r"(?:^|\.)(features|classifier)\.(\d+)\.(weight|bias)$")


def load_c3d_weights(
    model: Network,
    path: str | Path,
    *,
    flatten: Literal["auto", "chw", "hwc"] = "auto",
    input_scale: float = INPUT_SCALE,
) -> LoadReport:
    """Start the C3D of a network from a file of another project; its head stays as it is.

    Parameters
    ----------
    model : a network with C3D as its flow branch; without fc6 and fc7 it takes the convolutions.
    path : a PyTorch state dict named `conv1.weight ... fc7.bias` (c3d-pytorch), mmaction2's
        `backbone.conv1a.conv.weight ...`, `features.N` / `classifier.N`, each as pickled tensors
        or safetensors; or a Keras HDF5 file with TensorFlow kernels.
    flatten : the order in which the file's fc6 reads its input. The shape cannot tell;
        'auto' takes 'hwc' for Keras and 'chw' (Caffe, PyTorch) for all others.
    input_scale : factor on conv1a's kernels. Those weights were learned on pixel values about
        127 times as large as our clips in [-1, 1]; 1 takes the kernels as they are.

    Returns
    -------
    LoadReport
        The tensors loaded, and those of the file that were not used, such as its classifier.

    Raises
    ------
    ConfigError
        The model has no C3D.
    WeightsError
        The file cannot be read without running pickled code, is of no known naming, lacks a
        tensor, or one has the wrong shape. Nothing is loaded then.
    """
    expected = _own_tensors(model, path)
    external = read_external(path)
    source = _layers(external, path, wanted=list(expected))
    order = external.flatten if flatten == "auto" else flatten
    tensors = {name: external.tensors[key] for name, key in source.items()}
    _check(tensors, expected, source, path)
    if order == "hwc" and "fc6.weight" in tensors:
        tensors["fc6.weight"] = _channels_first(tensors["fc6.weight"], model.config.clip)
    tensors["conv1a.weight"] = tensors["conv1a.weight"] * input_scale
    with torch.no_grad():
        for name, value in tensors.items():
            expected[name].copy_(value)
    unused = sorted(set(external.tensors) - set(source.values()))
    return LoadReport(tuple(f"flow.{name}" for name in tensors), tuple(unused))


def _own_tensors(model: Network, path: str | Path) -> dict[str, Tensor]:
    """The network's own tensors of the layers that a file holds."""
    state = model.state_dict()
    own = {name: state[f"flow.{name}"] for name in WANTED if f"flow.{name}" in state}
    if any(f"{layer}.weight" not in own for layer in CONVOLUTIONS):
        raise ConfigError(f"{type(model).__name__} has no C3D to load {path} into")
    return own


def _layers(external: ExternalWeights, path: str | Path, *, wanted: list[str]) -> dict[str, str]:
    """Our tensor names, each with its name in the file."""
    found = _by_number(external.tensors) | _by_name(external.tensors)
    missing = [name for name in wanted if name not in found]
    if len(missing) == len(wanted):
        some = ", ".join(list(external.tensors)[:4])
        raise WeightsError(
            f"{path}: no C3D of a known naming; expected conv1.weight ..., "
            f"backbone.conv1a.conv.weight ..., or features.0.weight ...; found {some or 'nothing'}"
        )
    if missing:
        raise WeightsError(f"{path}: the C3D in it lacks {', '.join(missing)}")
    return {name: found[name] for name in wanted}


def _by_name(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    found = {}
    for key in tensors:
        if match := _NAMED.search(key):
            number, letter, dense, kind = match.groups()
            layer = f"fc{dense}" if dense else f"conv{number}{letter or 'a'}"
            found[f"{layer}.{kind}"] = key
    return found


def _by_number(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    numbers: dict[str, set[int]] = {"features": set(), "classifier": set()}
    keys = {}
    for key in tensors:
        if match := _NUMBERED.search(key):
            group, number, kind = match[1], int(match[2]), match[3]
            numbers[group].add(number)
            keys[group, number, kind] = key
    layers = [("features", n) for n in sorted(numbers["features"])][: len(CONVOLUTIONS)]
    names = dict(zip(layers, CONVOLUTIONS, strict=False))
    dense = [("classifier", n) for n in sorted(numbers["classifier"])]
    names |= dict(zip(dense, ("fc6", "fc7"), strict=False))
    return {
        f"{names[group, number]}.{kind}": key
        for (group, number, kind), key in keys.items()
        if (group, number) in names
    }


def _check(
    tensors: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    source: Mapping[str, str],
    path: str | Path,
) -> None:
    for name, value in tensors.items():
        if value.shape != expected[name].shape:
            raise WeightsError(
                f"{path}: {source[name]} has shape {tuple(value.shape)}, flow.{name} needs "
                f"{tuple(expected[name].shape)}; these weights fit width 1 and 16x112x112 clips"
            )
        if not value.is_floating_point():
            raise WeightsError(f"{path}: {source[name]} is of type {value.dtype}, expected floats")


def _channels_first(weight: Tensor, clip: ClipSize | None) -> Tensor:
    """fc6 whose input runs over (l, h, w, c), reordered to (c, l, h, w)."""
    pooled = (1, 1, 1) if clip is None else pooled_size(clip)
    cells = weight.reshape(len(weight), *pooled, -1)
    return cells.permute(0, 4, 1, 2, 3).flatten(1)
