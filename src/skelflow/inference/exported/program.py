"""A network recorded by `torch.export`: what it reads and what it answers, by name."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from skelflow.datasets.loading.batch import Batch
from skelflow.models.base import Network
from skelflow.models.config import ClipSize, SequenceSize

LOGITS, SCORE, ATTENTION = "logits", "score", "attention"


@dataclass(frozen=True)
class Program:
    """A recorded network.

    Parameters
    ----------
    graph : a `torch.export.ExportedProgram`, from tensors of a batch to answers.
    inputs : names of the tensors, fields of `Batch`, in the graph's order, and the size of each;
        -1 = free.
    outputs : names of the answers: "logits" and, where they were asked for and the network has
        them, "score" (b, bodies, joints) and "attention" (b, l, side, side).
    """

    graph: Any
    inputs: dict[str, tuple[int, ...]]
    outputs: tuple[str, ...]


def record(network: Network, *, logits_only: bool = False) -> Program:
    """Record a network in evaluation mode, for batches of any size.

    Parameters
    ----------
    network : of torch, on the processor.
    logits_only : leave out score and attention.
    """
    from torch.export import export  # loads slowly, and nothing but this needs it

    batch = example_batch(network, 3)
    inputs = input_names(network)
    outputs = (LOGITS,) if logits_only else (LOGITS, *_further_answers(network, batch))
    given = tuple(getattr(batch, name) for name in inputs)
    # what converts a recording does not know of memory formats
    plain = deepcopy(network)
    plain.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    shapes = {"given": tuple(_free_axes(network, name) for name in inputs)}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the recorder's own, about its insides
        graph = export(_Answers(plain, inputs, outputs), given, dynamic_shapes=shapes)
    sizes = {
        name: _sizes(network, name, tensor) for name, tensor in zip(inputs, given, strict=True)
    }
    return Program(graph, sizes, outputs)


def input_names(network: Network) -> tuple[str, ...]:
    """The fields of a `Batch` that a network reads, in their order there."""
    return tuple(name for name in Batch._fields if name in network.inputs)


def example_batch(network: Network, count: int, *, seed: int = 0) -> Batch:
    """Noise of the sizes that a network reads: one body, some of its joints missing.

    The last of several samples holds nobody.
    """
    config, random = network.config, torch.Generator().manual_seed(seed)
    clip = config.clip or ClipSize(1, 1)
    frames, bodies, joints = config.sequence or SequenceSize(1, 2, 5)
    flow = 2 * torch.rand(count, 3, clip.length, clip.side, clip.side, generator=random) - 1
    joints_px = clip.side * torch.rand(count, clip.length, bodies, joints, 2, generator=random)
    joints_m = torch.randn(count, frames, bodies, joints, 3, generator=random)
    for positions in (joints_px, joints_m):
        positions[:, :, 1:] = torch.nan
        positions[0, ::3, 0, -1] = torch.nan
        positions[1:][-1:] = torch.nan
    index = torch.arange(count)
    return Batch(flow, joints_px, joints_m, torch.zeros_like(index), index)


def answer(network: Network, name: str, batch: Batch) -> Tensor:
    """What a network that has it says by that name."""
    answers: dict[str, Callable[[Batch], Tensor | None]] = {
        LOGITS: network,
        SCORE: network.score,
        ATTENTION: network.attention,
    }
    return cast(Tensor, answers[name](batch))


def _further_answers(network: Network, batch: Batch) -> list[str]:
    with torch.no_grad():
        attends = network.attention(batch) is not None
    return [SCORE] * network.has_score + [ATTENTION] * attends


def _free_axes(network: Network, name: str) -> dict[int, Any]:
    """The axes of an input whose size the network leaves open, a `torch.export.Dim` each."""
    from torch.export import Dim

    free: dict[int, Any] = {0: Dim("batch", min=1, max=4096)}
    if name == "joints_px" and network.config.sequence is None:
        free |= {2: Dim("bodies", min=1, max=64), 3: Dim("joints", min=1, max=1024)}
    return free


def _sizes(network: Network, name: str, tensor: Tensor) -> tuple[int, ...]:
    free = _free_axes(network, name)
    return tuple(-1 if axis in free else size for axis, size in enumerate(tensor.shape))


class _Answers(nn.Module):
    """A network that takes tensors one by one and gives all that it is asked for."""

    def __init__(self, network: Network, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        super().__init__()
        self.network, self.inputs, self.outputs = network, inputs, outputs

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        batch = _batch_of(dict(zip(self.inputs, given, strict=True)))
        return tuple(answer(self.network, name, batch) for name in self.outputs)


def _batch_of(tensors: Mapping[str, Tensor]) -> Batch:
    """A batch of these tensors; what nobody reads is empty."""
    return Batch(*(tensors.get(name, torch.zeros(0)) for name in Batch._fields))
