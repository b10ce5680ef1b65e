"""One training run, from a configuration and a store to weights; reads from top to bottom."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError
from skelflow.inference.compute import make_accelerator, shared_loader, to_device
from skelflow.models.base import Network
from skelflow.models.samples import make_samples
from skelflow.models.weights import save_model
from skelflow.training.batch_sampler import EpochOrder
from skelflow.training.config import RunConfig
from skelflow.training.interrupt import Interrupted, StopFlag, stop_on_signals
from skelflow.training.optimizer import make_optimizer, seed_step
from skelflow.training.report import Progress, Step, TrainResult
from skelflow.training.schedule import Schedule
from skelflow.training.setup import BEST, Split, fit_loader, header, make_network, make_split
from skelflow.training.state import Kept, RunFolder
from skelflow.training.sync_batch_norm import share_statistics
from skelflow.training.validation import Validation, validate

__all__ = ["BEST", "Interrupted", "Step", "TrainResult", "train"]


def train(
    config: RunConfig,
    store_path: str | Path,
    run_dir: str | Path,
    *,
    progress: Progress = lambda _: None,
) -> TrainResult:
    """Train a network; with a folder of an earlier, stopped run, go on at the step it was at.

    Parameters
    ----------
    config : see `RunConfig` and `skelflow.training.recipe.load_recipe`.
    store_path : prepared sequences.
    run_dir : gets config.json, metrics.jsonl, best.safetensors and last.pt (the whole state).
    progress : called after each step.

    Raises
    ------
    ConfigError
        The configuration does not fit the store, or is not that of the run in the folder.
    DataError
        Nothing trains, or the loss is not finite.
    WeightsError
        A file to start from cannot be read or does not fit.
    Interrupted
        Ctrl-C or SIGTERM; the state is saved.

    Notes
    -----
    The order of samples, their augmentation and dropout follow from (seed, epoch, step), so that
    an interrupted run ends with the same weights. Test recordings never choose a checkpoint.
    """
    store, folder = Store.open(store_path), RunFolder(Path(run_dir))
    torch.manual_seed(config.seed)
    chosen = make_split(config, store)
    network = make_network(config, store, chosen)
    accelerator = make_accelerator(config.precision, unused_weights=not network.all_weights_in_loss)
    alone, main = accelerator.num_processes == 1, accelerator.is_main_process
    if config.l1 and not (alone or network.all_weights_in_loss):
        raise ConfigError(
            f"l1: found {config.l1}, expected 0 for {network.name} in several processes, whose "
            "loss does not reach all of its weights; set l1 = 0, or train in one process"
        )
    with folder.open(config, store) if main else nullcontext():
        accelerator.wait_for_everyone()
        run = _Run(config, store, chosen, folder, network, accelerator, progress)
        run.prepare()
        with stop_on_signals(once=alone) as stop:
            while run.state.epoch < config.epochs:
                run.fit_epoch(stop)
                run.close_epoch()
        return run.result()


@dataclass
class _Run:
    """The parts of a run, and its two acts: an epoch's steps, and what follows them."""

    config: RunConfig
    store: Store
    chosen: Split
    folder: RunFolder
    network: Network
    accelerator: Accelerator
    progress: Progress
    saved_at: float = field(default_factory=time.monotonic)

    def prepare(self) -> None:
        """Where the run is; data sets and loaders; everything onto its device."""
        config, accelerator = self.config, self.accelerator
        self.norms = share_statistics(self.network) if accelerator.num_processes > 1 else []
        self.schedule = Schedule(config.optim, config.epochs)
        optimizer = make_optimizer(self.network, config.optim)
        self.model, self.optimizer = accelerator.prepare(self.network, optimizer)
        self.kept = Kept(self.network, self.optimizer, self.schedule, accelerator.scaler)
        self.state = self.folder.resume(self.kept)
        self._check_together()
        self.samples = self._dataset(self.chosen.fit, train=True)
        self.order = EpochOrder(
            self.samples.item_labels(),
            config.batch_size,
            config.seed,
            balance=config.data.balance,
            process=accelerator.process_index,
            processes=accelerator.num_processes,
            accumulate=config.accumulate,
        )
        self.loader = fit_loader(self.samples, self.order, config.data.workers)
        self.held_out = self._checker(self.chosen.held_out)
        tests = self.chosen.test if config.paper_protocol else ()
        self.test = self._checker(tests)

    def fit_epoch(self, stop: StopFlag) -> None:
        """The steps of an epoch that are still to be done."""
        state = self.state
        self.samples.set_epoch(state.epoch)
        self.order.epoch, self.order.first = state.epoch, state.step
        before = time.monotonic() - state.seconds
        batches = iter(self.loader) if state.step < self.order.steps else iter(())
        while state.step < self.order.steps:
            stopped, due = self._learn(batches, stop)
            state.step += 1
            state.seconds = time.monotonic() - before
            if stopped or due:
                self._save()
            if stopped:
                raise Interrupted(f"{self.folder.path}: stopped, its state is saved")
            if state.step < self.order.steps:
                self._report(state.epoch, state.step)

    def close_epoch(self) -> None:
        """Check, keep the weights if they are the best so far, note and save."""
        state = self.state
        before, rate = time.monotonic(), self._rate(self.order.steps - 1)
        held_out, test = (check() if check else None for check in (self.held_out, self.test))
        loss = state.loss / state.seen
        monitored = test or held_out
        self.schedule.observe(monitored.loss if monitored else loss)
        kept = self._keep_if_best(held_out)
        line = {
            "epoch": state.epoch + 1,
            "loss": loss,
            "top1": state.correct / state.seen,
            **(
                {"held_out_loss": held_out.loss, "held_out_top1": held_out.top1} if held_out else {}
            ),
            **({"test_loss": test.loss} if test else {}),
            "lr": rate,
            "seconds": round(state.seconds + time.monotonic() - before, 3),
            "kept": kept,
            "chosen_by": self._chosen_by(),
        }
        if self.accelerator.is_main_process:
            self.folder.append(line)
        steps, epoch = state.step, state.epoch
        state.next_epoch()
        self._save()
        self._tell(Step(epoch + 1, self.config.epochs, steps, steps, loss, line))

    def result(self) -> TrainResult:
        """What there is to say at the end."""
        top1 = self.state.best_top1 if self.chosen.held_out else None
        weights = self.folder.path / BEST
        return TrainResult(weights, self.state.best_epoch, self._chosen_by(), top1)

    def _check_together(self) -> None:
        """All processes go on from the same step, or read different folders."""
        own = torch.tensor([[self.state.epoch, self.state.step]], device=self.accelerator.device)
        found = cast(Tensor, self.accelerator.gather(own))
        if (found != own).any():
            raise ConfigError(
                f"{self.folder.path}: processes found different states of the run there; put it "
                "where all machines see the same folder"
            )

    def _learn(self, batches: Iterator[Batch], stop: StopFlag) -> tuple[bool, bool]:
        """One step of the optimizer; whether any process was told to stop, and is to save."""
        state, order = self.state, self.order
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(state.step)
        self.optimizer.zero_grad()
        sums = torch.zeros(3, device=self.accelerator.device)
        parts = order.parts(state.step)
        for part in range(parts):
            batch = to_device(next(batches), self.accelerator)
            together = nullcontext() if part + 1 == parts else self.accelerator.no_sync(self.model)
            with together:
                sums += self._backward(batch, part, last=part + 1 == parts)
        if self.config.clip_norm:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimizer.step()
        due = time.monotonic() - self.saved_at > 60 * self.config.save_minutes
        return self._count(sums, stopped=bool(stop), due=due)

    def _backward(self, batch: Batch, part: int, *, last: bool) -> Tensor:
        """Add the gradient of a part of a step; sums of loss, of right answers, of samples."""
        state, config, accelerator = self.state, self.config, self.accelerator
        seed_step(config.seed, state.epoch, state.step, accelerator.process_index, part)
        counted = self.order.counted(state.step, part)
        for norm in self.norms:
            norm.counted = counted
        with accelerator.autocast():
            logits = self.model(batch).float()
        loss = functional.cross_entropy(logits, batch.label, reduction="sum") * counted
        # gradients are averaged over processes, the loss is the mean over the step's samples
        share = loss * (accelerator.num_processes / self.order.size(state.step))
        accelerator.backward(share + self._penalty() if config.l1 and last else share)
        correct = (logits.detach().argmax(dim=1) == batch.label).sum() * counted
        return torch.stack((loss.detach(), correct, correct.new_tensor(len(logits)) * counted))

    def _penalty(self) -> Tensor:
        sums = [weight.abs().sum() for weight in self.network.conv_weights()]
        return self.config.l1 * torch.stack(sums).sum()

    def _count(self, sums: Tensor, *, stopped: bool, due: bool) -> tuple[bool, bool]:
        """Add up a step over all processes; what one is told, all do."""
        own = torch.cat((sums, sums.new_tensor([stopped, due])))
        total, right, seen, stop, save = cast(Tensor, self.accelerator.reduce(own, "sum")).tolist()
        if not np.isfinite(total):
            raise DataError(
                f"{self.folder.path}: the loss is {total} in epoch {self.state.epoch + 1}, step "
                f"{self.state.step + 1}; lower optim.lr or set clip_norm"
            )
        self.state.loss += total
        self.state.correct += int(right)
        self.state.seen += int(seen)
        return stop > 0, save > 0

    def _rate(self, step: int) -> float:
        return self.schedule.rate(self.state.epoch + (step + 1) / self.order.steps - 1e-9)

    def _keep_if_best(self, held_out: Validation | None) -> bool:
        """Write the checkpoint: always without held-out subjects, else when they say so."""
        state = self.state
        if held_out is not None:
            if (held_out.top1, -held_out.loss) <= (state.best_top1, -state.best_loss):
                return False
            state.best_top1, state.best_loss = held_out.top1, held_out.loss
        state.best_epoch = state.epoch + 1
        if self.accelerator.is_main_process:
            facts = header(self.config, self.store, self.chosen, git=self.folder.git)
            facts |= {"epoch": str(state.best_epoch), "chosen_by": self._chosen_by()}
            save_model(self.network, self.folder.path / BEST, facts)
        return True

    def _chosen_by(self) -> str:
        return "held-out subjects" if self.chosen.held_out else "last epoch"

    def _save(self) -> None:
        if self.accelerator.is_main_process:
            self.folder.save(self.state, self.kept)
        self.accelerator.wait_for_everyone()
        self.saved_at = time.monotonic()

    def _report(self, epoch: int, step: int) -> None:
        loss = self.state.loss / self.state.seen
        self._tell(Step(epoch + 1, self.config.epochs, step, self.order.steps, loss))

    def _tell(self, step: Step) -> None:
        if self.accelerator.is_main_process:
            self.progress(step)

    def _dataset(self, names: tuple[str, ...], *, train: bool) -> SkeletonDataset:
        data = self.config.data
        return make_samples(
            self.network,
            self.store,
            names,
            self.chosen.classes,
            overlap=data.overlap,
            longer=data.longer,
            augmentation=data.augmentation,
            train=train,
            seed=self.config.seed,
            cache=data.cache,
        )

    def _checker(self, names: tuple[str, ...]) -> Callable[[], Validation] | None:
        """What validates the model on these sequences; None when there are none."""
        if not names:
            return None
        dataset = self._dataset(names, train=False)
        size, workers = self.config.batch_size, self.config.data.workers
        loader = shared_loader(dataset, self.accelerator, batch_size=size, workers=workers)
        sizes = {"sequences": len(names), "classes": len(self.chosen.classes)}
        return lambda: validate(self.model, loader, self.accelerator, **sizes)
