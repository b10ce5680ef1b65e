"""Checkpoints: a network's tensors with its whole configuration in the safetensors header."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from skelflow.errors import ConfigError, WeightsError
from skelflow.io.atomic import atomic_write
from skelflow.io.documents import parse_json
from skelflow.io.files import library_path
from skelflow.models.base import Network
from skelflow.models.config import NetworkConfig
from skelflow.models.fusion.networks import Fused
from skelflow.models.registry import configure, create_model
from skelflow.models.tensors import check_header, is_plain
from skelflow.version import __version__
from skelflow.weights import bundled_file

RESERVED = ("skelflow", "model", "config")
PARTS = "parts"  # header entry: {"flow": {"weights": NAME, "sha256": ...}} in JSON


def save_model(model: Network, path: str | Path, extra: Mapping[str, str] | None = None) -> None:
    """Write a network to a file; a file already there is replaced only when all is written.

    Parameters
    ----------
    model : a network from `create_model`.
    path : of the file, usually `*.safetensors`; its folder must exist.
    extra : further header entries, for example class names or a git hash.

    Raises
    ------
    ConfigError
        The model is not from `create_model`, or `extra` uses a reserved key.
    WeightsError
        There is no such folder.
    StorageError
        The file cannot be written; one that was there is still there.
    """
    if not model.name:
        raise ConfigError("save_model: the network has no name; make it with create_model")
    if taken := sorted(set(extra or {}) & set(RESERVED)):
        raise ConfigError(f"save_model: extra may not hold the keys {taken}, they are the model's")
    header = {
        "skelflow": __version__,
        "model": model.name,
        "config": json.dumps(model.config.to_options()),
        **(extra or {}),
    }
    path = Path(path)
    if not path.parent.is_dir():
        raise WeightsError(f"{path}: its folder does not exist; create it first")
    tensors = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    with atomic_write(path) as aside:
        aside.write_bytes(save(tensors, metadata=header))  # save_file lets nobody else read


def load_model(path: str | Path) -> Network:
    """Read a network from a file that `save_model` wrote, in evaluation mode.

    Parameters
    ----------
    path : of the file.

    Returns
    -------
    Network, on the CPU, bit for bit what was saved. Parts that its header says to be those of
    bundled weights are taken from there.

    Raises
    ------
    WeightsError
        The file is missing, truncated, not skelflow's, or does not fit its own configuration.
    """
    header = read_header(path)
    tensors = _read_tensors(path)
    with _describing(path, header):
        options = parse_json(header["config"], "config", refusal=ConfigError)
        model = create_model(header["model"], **options)
    fill(model, tensors, path)
    return model.eval()


@contextmanager
def _describing(path: str | Path, header: Mapping[str, str]) -> Iterator[None]:
    """`WeightsError` where a header's network cannot be understood."""
    try:
        yield
    except (ConfigError, TypeError, ValueError, ArithmeticError) as error:
        raise WeightsError(
            f"{path}: its header, of skelflow {header['skelflow']}, does not describe a network "
            f"that skelflow {__version__} knows: {error}"
        ) from error


def save_whole(source: str | Path, path: str | Path) -> None:
    """Write a weights file that needs no other: a copy, or with the parts in it that it lacks.

    Parameters
    ----------
    source : a file that `save_model` wrote.
    path : of the copy; its folder must exist.

    Raises
    ------
    WeightsError
        The source is missing, damaged, or names bundled weights that are not there.
    StorageError
        The copy cannot be written.
    """
    header = read_header(source)
    if PARTS in header:
        extra = {key: told for key, told in header.items() if key not in (*RESERVED, PARTS)}
        save_model(load_model(source), path, extra)
        return
    with atomic_write(Path(path)) as aside:
        shutil.copyfile(source, aside)


def read_header(path: str | Path) -> dict[str, str]:
    """The header of a checkpoint: 'skelflow' (version), 'model', 'config' (JSON), and extras.

    Raises
    ------
    WeightsError
        The file is missing, truncated, or was not written by `save_model`.
    """
    with _open(path) as file:
        header: dict[str, str] = file.metadata() or {}
    if missing := [key for key in RESERVED if not header.get(key)]:
        raise WeightsError(
            f"{path}: no skelflow checkpoint, its header lacks {missing}; "
            "weights of other projects are read by load_c3d_weights"
        )
    return header


Part = Literal["skeleton", "flow"]


def load_part(model: nn.Module, part: Part, path: str | Path) -> None:
    """Start one branch of a network from a checkpoint of a network that has the same branch.

    Parameters
    ----------
    model : the network to fill; its head stays as it is.
    part : 'skeleton' (the normalization included) or 'flow'.
    path : of a checkpoint from `save_model`.

    Raises
    ------
    ConfigError
        The model has no such part.
    WeightsError
        The checkpoint has no such part, or its tensors do not fit, or it was trained with other
        settings; they are named.
    """
    branch = getattr(model, part, None)
    if branch is None:
        raise ConfigError(f"{type(model).__name__} has no part {part!r} to load {path} into")
    name, prefix = read_header(path)["model"], f"{part}."
    tensors = _read_tensors(path)
    of_part = {key.removeprefix(prefix): tensors[key] for key in tensors if key.startswith(prefix)}
    if not of_part:
        raise WeightsError(f"{path}: holds a {name}, which has no part {part!r}")
    if isinstance(model, Network) and (differing := part_differences(model.config, part, path)):
        lines = (
            f"{key}: {there!r} there, {here!r} here" for key, (there, here) in differing.items()
        )
        raise WeightsError(
            f"{path}: its {part} was trained with other settings ({'; '.join(lines)}), its weights "
            "would compute something else; create the network with the same ones"
        )
    fill(branch, of_part, path, prefix=prefix)


def part_differences(
    config: NetworkConfig, part: Part, path: str | Path
) -> dict[str, tuple[Any, Any]]:
    """Settings that decide what a branch's weights compute, where a checkpoint has other ones.

    Parameters
    ----------
    config : of the network that shall take the branch over.
    part : 'skeleton' or 'flow'.
    path : of a checkpoint from `save_model`.

    Returns
    -------
    By name, the checkpoint's value and that of the network; settings that one of them does not
    know are not compared.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read, or says no configuration that this skelflow knows.
    """
    header = read_header(path)
    with _describing(path, header):
        options = parse_json(header["config"], "config", refusal=ConfigError)
        found = configure(header["model"], options)
    there, here = (getattr(each, part, each).decisive() for each in (found, config))
    both = (name for name in here if name in there)
    return {name: (there[name], here[name]) for name in both if there[name] != here[name]}


def load_heads(
    model: nn.Module, *, flow: str | Path, skeleton: str | Path, actions: Sequence[int]
) -> None:
    """Start the classifier of a fused network from those of its branches, trained apart.

    At first the network answers by the product of both probabilities, see `Fused.start_heads`.

    Parameters
    ----------
    model : from `create_model("fused", ...)`, its parts loaded by `load_part`.
    flow, skeleton : checkpoints of `skelflow train`.
    actions : action number of each class index of the model.

    Raises
    ------
    ConfigError
        The model does not fuse.
    WeightsError
        A checkpoint tells other actions apart, or its classifier reads other features.
    """
    if not isinstance(model, Fused):
        raise ConfigError(f"{type(model).__name__} has no heads to start from its branches' heads")
    heads = {
        "flow": nn.Linear(model.flow.outputs, len(actions)),
        "skeleton": nn.Linear(model.skeleton.outputs, len(actions)),
    }
    for path, head in zip((flow, skeleton), heads.values(), strict=True):
        told = read_header(path).get("actions", "null")
        own = parse_json(told, f"{path}: actions", refusal=WeightsError)
        if own != list(actions):
            raise WeightsError(f"{path}: tells the actions {own} apart, expected {list(actions)}")
        tensors = _read_tensors(path)
        found = {name: value for name, value in tensors.items() if name.startswith("head.")}
        fill(
            head, {name.removeprefix("head."): v for name, v in found.items()}, path, prefix="head."
        )
    with torch.no_grad():
        model.start_heads(**heads)


def fill(
    module: nn.Module, tensors: Mapping[str, Tensor], path: str | Path, *, prefix: str = ""
) -> None:
    """Copy tensors into a module that has exactly these; `WeightsError` names those that differ.

    Nothing is copied unless all fits and is finite. `prefix` completes the names in messages.
    """
    expected = module.state_dict()
    problems = [f"{prefix}{name} is missing" for name in expected if name not in tensors]
    problems += [f"{prefix}{name} is unknown" for name in tensors if name not in expected]
    problems += [
        f"{prefix}{name} has shape {tuple(value.shape)}, expected {tuple(expected[name].shape)}"
        for name, value in tensors.items()
        if name in expected and value.shape != expected[name].shape
    ]
    problems += [
        f"{prefix}{name} is of type {value.dtype}, expected {expected[name].dtype}"
        for name, value in tensors.items()
        if name in expected and not _is_alike(value, expected[name])
    ]
    if problems:
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise WeightsError(
            f"{path} does not fit the network: {'; '.join(problems[:5])}{more}. "
            "Create the network with the sizes that the file was made with"
        )
    if broken := [prefix + name for name, value in tensors.items() if not value.isfinite().all()]:
        raise WeightsError(
            f"{path}: {', '.join(broken[:5])} hold numbers that are not finite, with which every "
            "answer would be nan; the file is damaged or its training diverged: take another one"
        )
    with torch.no_grad():
        for name, value in tensors.items():
            expected[name].copy_(value)


def _is_alike(value: Tensor, expected: Tensor) -> bool:
    """Whether a tensor can be copied without a change of its numbers' kind."""
    return is_plain(value) and value.is_floating_point() == expected.is_floating_point()


def _read_tensors(path: str | Path) -> dict[str, Tensor]:
    """All tensors of the network: those in the file, and those of parts in bundled weights."""
    return _own_tensors(path) | _bundled_parts(path)


def _bundled_parts(path: str | Path) -> dict[str, Tensor]:
    """Tensors of the parts that are not in the file but in bundled weights, which it names."""
    told_parts = read_header(path).get(PARTS, "{}")
    parts = parse_json(told_parts, f"{path}: {PARTS}", refusal=WeightsError)
    found: dict[str, Tensor] = {}
    try:
        for part, told in parts.items():
            file, expected = bundled_file(told["weights"]), told["sha256"]
            if hashlib.sha256(file.read_bytes()).hexdigest() != expected:
                raise WeightsError(f"{path}: its {part} is of other weights named {file.stem}")
            tensors = _own_tensors(file)
            found |= {key: tensors[key] for key in tensors if key.startswith(f"{part}.")}
    except (AttributeError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: its header does not say where its parts are") from error
    return found


def _own_tensors(path: str | Path) -> dict[str, Tensor]:
    with _open(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 # no mapping


def _open(path: str | Path) -> safe_open:
    check_header(path)
    try:
        return safe_open(library_path(path, refusal=WeightsError), framework="pt")
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"{path}: not a whole safetensors file ({error}); copy or download it again"
        ) from error
