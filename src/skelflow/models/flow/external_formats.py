"""Files of tensors that other projects wrote, read without running any code in them."""

import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Shaped
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from skelflow.errors import SkelflowError, WeightsError
from skelflow.io.bounds import MB, NUMBERS
from skelflow.io.files import library_path, open_file, read_head
from skelflow.models.flow.c3d import CONVOLUTIONS
from skelflow.models.tensors import check_header, is_plain

Array = Shaped[np.ndarray, "..."]
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
WRAPPERS = ("state_dict", "model_state_dict", "model")
DENSE = ("fc6", "fc7", "fc8")


@dataclass(frozen=True)
class ExternalWeights:
    """Tensors in PyTorch's layout under the file's names, and the order in which fc6 reads."""

    tensors: dict[str, Tensor]
    flatten: Literal["chw", "hwc"]


@dataclass(frozen=True)
class LoadReport:
    """What loading weights of another project did: names in the network, and in the file."""

    loaded: tuple[str, ...]
    skipped: tuple[str, ...]


def read_external(path: str | Path) -> ExternalWeights:
    """The tensors of a Keras HDF5, safetensors or PyTorch file, told apart by its content.

    Raises
    ------
    WeightsError
        The file is missing, broken, or needs its pickled code to be run.
    """
    path = Path(path)
    start = read_head(path, len(HDF5_SIGNATURE), refusal=WeightsError)
    if start == HDF5_SIGNATURE:
        return _checked(ExternalWeights(_read_keras(path), "hwc"), path)
    tensors = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    return _checked(ExternalWeights(tensors, "chw"), path)


def _checked(weights: ExternalWeights, path: Path) -> ExternalWeights:
    """Refuse numbers of odd kinds, and those that are not finite; every answer would be nan."""
    for name, tensor in weights.tensors.items():
        if not is_plain(tensor):
            raise WeightsError(f"{path}: {name} is of type {tensor.dtype}, expected plain floats")
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise WeightsError(f"{path}: {name} holds numbers that are not finite")
    return weights


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    check_header(path)
    try:
        return dict(load_file(library_path(path, refusal=WeightsError)))
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path}: not a whole safetensors file ({error})") from error


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        with open_file(path, refusal=WeightsError) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about the file is said below
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path}: refused, it is damaged or holds more than tensors, and reading it would run "
            "code from the file; save its state_dict alone, or as safetensors"
        ) from error
    except WeightsError:
        raise
    except Exception as error:  # torch raises nearly anything on a damaged file
        raise WeightsError(f"{path}: not a whole PyTorch file ({error})") from error
    for key in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise WeightsError(f"{path}: expected a state dict, found {type(content).__name__}")
    return {
        str(key): value
        for key, value in content.items()
        if isinstance(value, Tensor) and value.layout is torch.strided
    }


def _read_keras(path: Path) -> dict[str, Tensor]:
    try:
        import h5py
    except ImportError as error:
        raise WeightsError(
            f"{path}: a Keras HDF5 file needs h5py; install it with: pip install 'skelflow[keras]'"
        ) from error
    try:
        with h5py.File(library_path(path, refusal=WeightsError), "r") as file:
            arrays = _keras_arrays(file.get("model_weights", file))
        return _named_by_order(arrays)
    except SkelflowError:
        raise
    except Exception as error:  # h5py raises nearly anything on a damaged file
        raise WeightsError(f"{path}: not a whole HDF5 file ({error})") from error


def _keras_arrays(group: Any) -> list[list[Array]]:
    """The weights of each layer that has some, in the network's order."""
    layers = [group[_text(name)] for name in group.attrs.get("layer_names", list(group))]
    arrays = []
    for layer in layers:
        names = layer.attrs.get("weight_names")
        paths = _datasets(layer) if names is None else [_text(name) for name in names]
        if paths:
            found = [_array(layer[name]) for name in paths]
            arrays.append(sorted(found, key=lambda array: -array.ndim))
    return arrays


def _array(data: Any) -> Array:
    NUMBERS.check(data.size * data.dtype.itemsize / MB, data.name, WeightsError)
    return np.asarray(data, np.float32)


def _datasets(layer: Any) -> list[str]:
    names: list[str] = []
    layer.visititems(lambda name, item: names.append(name) if hasattr(item, "ndim") else None)
    return names


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _named_by_order(layers: list[list[Array]]) -> dict[str, Tensor]:
    """Kernels (d, h, w, in, out) and (in, out) to PyTorch's, named conv1a ... fc8 by order."""
    names = {5: iter(CONVOLUTIONS), 2: iter(DENSE)}
    tensors = {}
    for arrays in layers:
        kernel = arrays[0]
        name = next(names[kernel.ndim], None) if kernel.ndim in names else None
        if name is None:
            continue
        axes = (4, 3, 0, 1, 2) if kernel.ndim == 5 else (1, 0)
        tensors[f"{name}.weight"] = torch.from_numpy(kernel.transpose(axes).copy())
        if len(arrays) > 1:
            tensors[f"{name}.bias"] = torch.from_numpy(arrays[1])
    return tensors
