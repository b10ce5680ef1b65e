"""One device or many: what a run computes on, and how its processes share samples."""

import atexit
import os
from collections.abc import Callable, Iterator

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedDataParallelKwargs, send_to_device
from torch import Tensor
from torch.utils.data import DataLoader

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.errors import ConfigError
from skelflow.io.numbers import parse_whole

AUTO = "auto"


def find_device(name: str = AUTO) -> torch.device:
    """The device of that name: "auto", "cpu", or an accelerator such as "cuda" or "cuda:1".

    "auto" is the accelerator that is there, otherwise the processor.

    Raises
    ------
    ConfigError
        There is no such device; those that are there are named.
    """
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if name == AUTO:
        return found or torch.device("cpu")
    count = torch.accelerator.device_count() if found else 0
    numbered = [f"{found}:{index}" for index in range(count)]
    if name not in (known := ["cpu", *([str(found)] if found else []), *numbered]):
        raise ConfigError(f"device: found {name!r}, expected one of {', '.join([AUTO, *known])}")
    return torch.device(name)


def make_accelerator(
    precision: str = "no", *, device: str = AUTO, unused_weights: bool = False
) -> Accelerator:
    """The device of this process, together with those that the same launch started.

    Parameters
    ----------
    precision : "no" (32 bit), "bf16" or "fp16" mixed precision.
    device : see `find_device`; a number is for a single process, a launch numbers its own.
    unused_weights : some trainable weights take no part in the loss.

    Raises
    ------
    ConfigError
        There is no such device, it cannot compute in that precision, or the processes do not see
        each other.
    """
    buffers = DistributedDataParallelKwargs(
        broadcast_buffers=False, find_unused_parameters=unused_weights
    )
    chosen = find_device(device)
    on_cpu = chosen.type == "cpu"
    if precision == "fp16" and on_cpu:
        raise ConfigError("precision: found 'fp16', which needs a GPU; 'bf16' and 'no' do not")
    _forget_earlier_run(chosen)
    if chosen.index is not None:
        torch.accelerator.set_device_index(chosen.index)
    try:
        PartialState(cpu=on_cpu)
    except ValueError as error:
        PartialState._reset_state()  # half made, it would stand for made
        raise ConfigError(
            f"the processes of this launch do not find each other: {error}; start them with "
            "torchrun or accelerate launch"
        ) from error
    try:
        accelerator = Accelerator(mixed_precision=precision, cpu=on_cpu, kwargs_handlers=[buffers])
    except ValueError as error:
        raise ConfigError(f"precision: found {precision!r}, {error}") from error
    started = parse_whole(os.environ.get("WORLD_SIZE", "")) or 1
    if accelerator.num_processes != started:
        raise ConfigError(
            f"{started} processes were started, {accelerator.num_processes} found each other; "
            "start them with torchrun or accelerate launch"
        )
    atexit.unregister(_leave_launch)
    atexit.register(_leave_launch)
    return accelerator


def _leave_launch() -> None:
    """Close the connections to the other processes of the launch.

    Left to the end of the interpreter, gloo's threads now and then abort the process, and the
    launcher then stops those that are still writing their answer.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _forget_earlier_run(device: torch.device) -> None:
    """Let accelerate choose precision and, in a single process, the device anew."""
    earlier = PartialState._shared_state.get("device")
    alone = PartialState._shared_state.get("num_processes", 1) == 1
    another = earlier is not None and earlier.type != device.type
    AcceleratorState._reset_state(reset_partial_state=alone and another)


def to_device(batch: Batch, accelerator: Accelerator) -> Batch:
    """The same samples on this process's device."""
    moved: Batch = send_to_device(batch, accelerator.device, non_blocking=True)
    return moved


def shared_loader(
    samples: SkeletonDataset, accelerator: Accelerator, *, batch_size: int, workers: int = 0
) -> DataLoader[Batch]:
    """Every sample in order, each in one process's share; `batch_size` is of all together."""
    own = -(-batch_size // accelerator.num_processes)
    pin = torch.cuda.is_available()
    loader = DataLoader(samples, batch_size=own, num_workers=workers, pin_memory=pin)
    shared: DataLoader[Batch] = accelerator.prepare_data_loader(loader)
    return shared


def gathered_logits(
    model: Callable[[Batch], Tensor], loader: DataLoader[Batch], accelerator: Accelerator
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Logits, labels and sequence numbers of all samples, each exactly once, in every process.

    Parameters
    ----------
    model : from batches on the accelerator's device to logits.
    loader : from `shared_loader`.
    """
    for batch in loader:
        with torch.no_grad():
            found = model(batch).float(), batch.label, batch.index
        yield accelerator.gather_for_metrics(found)
