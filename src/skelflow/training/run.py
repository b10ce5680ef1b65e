"""The parts of a training run, put together once before its first step."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.datasets.store.store import Store
from skelflow.inference.compute import shared_loader
from skelflow.models.base import Network
from skelflow.models.samples import make_samples
from skelflow.training.batch_sampler import BatchSampler
from skelflow.training.config import RunConfig
from skelflow.training.optimizer import Schedule, make_optimizer
from skelflow.training.report import Progress
from skelflow.training.setup import Split, checkpoint_header
from skelflow.training.state import RunFolder, TrainingState
from skelflow.training.sync_batch_norm import SyncBatchNorm, convert_batch_norms
from skelflow.training.validation import Validator


@dataclass
class Run:
    """Everything that the steps and epochs of a run use.

    Parameters
    ----------
    config, folder, accelerator, progress : see `skelflow.training.loop.train`.
    network : what is trained.
    model : the same network, wrapped where several processes train it.
    batch_norms : its layers that share statistics with other processes; none in a single process.
    optimizer, schedule : of the weights, and of the learning rate.
    state : what changes from step to step, see `TrainingState`.
    samples, sampler, loader : the training samples, their order, their micro-batches.
    held_out : measures on held-out subjects; None when there are none.
    test : measures on test subjects; None but under the paper's protocol.
    header : of the checkpoint, see `checkpoint_header`.
    saved_at : `time.monotonic()` of the last save.
    """

    config: RunConfig
    folder: RunFolder
    accelerator: Accelerator
    progress: Progress
    network: Network
    model: nn.Module
    batch_norms: list[SyncBatchNorm]
    optimizer: Optimizer
    schedule: Schedule
    state: TrainingState
    samples: SkeletonDataset
    sampler: BatchSampler
    loader: DataLoader[Batch]
    held_out: Validator | None
    test: Validator | None
    header: Mapping[str, str]
    saved_at: float = field(default_factory=time.monotonic)

    @property
    def chosen_by(self) -> str:
        """What chooses the checkpoint."""
        return "last epoch" if self.held_out is None else "held-out subjects"

    def time(self, step: int) -> float:
        """In epochs, at a step of this one; a step counts as over when its rate is looked up."""
        over = (step + 1) / self.sampler.steps
        return self.state.counters.epoch + over - 1e-9


def make_run(
    config: RunConfig,
    store: Store,
    split: Split,
    network: Network,
    *,
    accelerator: Accelerator,
    folder: RunFolder,
    progress: Progress,
) -> Run:
    """Put a run together on the accelerator's device; nothing is loaded from its folder yet."""
    batch_norms = convert_batch_norms(network) if accelerator.num_processes > 1 else []
    schedule = Schedule(config.optim, config.epochs)
    model, optimizer = accelerator.prepare(network, make_optimizer(network, config.optim))
    samples = _make_samples(config, store, split, network, split.fit, train=True)
    sampler = _make_sampler(config, samples, accelerator)

    def make_validator(names: tuple[str, ...]) -> Validator | None:
        if not names:
            return None
        untouched = _make_samples(config, store, split, network, names, train=False)
        size, workers = config.batch_size, config.data.workers
        loader = shared_loader(untouched, accelerator, batch_size=size, workers=workers)
        return Validator(model, loader, accelerator, len(names), len(split.classes))

    return Run(
        config=config,
        folder=folder,
        accelerator=accelerator,
        progress=progress,
        network=network,
        model=model,
        batch_norms=batch_norms,
        optimizer=optimizer,
        schedule=schedule,
        state=TrainingState(network, optimizer, schedule, accelerator.scaler),
        samples=samples,
        sampler=sampler,
        loader=_make_loader(samples, sampler, config.data.workers),
        held_out=make_validator(split.held_out),
        test=make_validator(split.test if config.paper_protocol else ()),
        header=checkpoint_header(config, store, split, git=folder.git),
    )


def _make_samples(
    config: RunConfig,
    store: Store,
    split: Split,
    network: Network,
    names: tuple[str, ...],
    *,
    train: bool,
) -> SkeletonDataset:
    data = config.data
    return make_samples(
        network,
        store,
        names,
        split.classes,
        overlap=data.overlap,
        sampling=data.sampling,
        sets=data.sets,
        longer=data.longer,
        shorter=data.shorter,
        augmentation=data.augmentation,
        train=train,
        seed=config.seed,
        cache=data.cache,
    )


def _make_sampler(
    config: RunConfig, samples: SkeletonDataset, accelerator: Accelerator
) -> BatchSampler:
    return BatchSampler(
        samples.item_labels(),
        config.batch_size,
        config.seed,
        balance=config.data.balance,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
        accumulate=config.accumulate,
    )


def _make_loader(
    samples: SkeletonDataset, sampler: BatchSampler, workers: int
) -> DataLoader[Batch]:
    return DataLoader(
        samples,
        batch_sampler=sampler,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=workers > 0,
    )
