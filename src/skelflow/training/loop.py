"""The training loop: `train` puts a run together, then trains epoch by epoch, step by step."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.mixup import Mixture, cross_entropy_sum, draw_mixture
from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError
from skelflow.inference.checkpoint import BEST
from skelflow.inference.compute import AUTO, make_accelerator, to_device
from skelflow.models.base import Network
from skelflow.models.weights import save_model
from skelflow.training.config import RunConfig
from skelflow.training.interrupt import Interrupted, StopFlag, stop_on_signals
from skelflow.training.report import Progress, StepReport, TrainResult
from skelflow.training.run import Run, make_run
from skelflow.training.setup import describe_recordings, make_network, make_split
from skelflow.training.state import RunFolder
from skelflow.training.validation import Validation

__all__ = ["Interrupted", "StepReport", "TrainResult", "train"]


def train(
    config: RunConfig,
    store_path: str | Path,
    run_dir: str | Path,
    *,
    device: str = AUTO,
    progress: Progress = lambda _: None,
) -> TrainResult:
    """Train a network; with a folder of an earlier, stopped run, go on at the step it was at.

    Parameters
    ----------
    config : see `RunConfig` and `skelflow.training.recipe.load_recipe`.
    store_path : prepared sequences.
    run_dir : gets config.json, metrics.jsonl, best.safetensors and last.pt (the whole state).
    device : "cpu", "cuda", "cuda:1", "mps"; "auto" takes an accelerator where there is one.
    progress : called after each step.

    Raises
    ------
    ConfigError
        The configuration does not fit the store, or is not that of the run in the folder; or there
        is no such device.
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
    split = make_split(config, store)
    network = make_network(config, store, split)
    accelerator = make_accelerator(
        config.precision, device=device, unused_weights=not network.all_weights_in_loss
    )
    _check_l1(config, network, accelerator)
    recordings = describe_recordings(store, split)
    with folder.open(config, store, recordings) if accelerator.is_main_process else nullcontext():
        accelerator.wait_for_everyone()
        run = make_run(
            config,
            store,
            split,
            network,
            accelerator=accelerator,
            folder=folder,
            progress=progress,
        )
        _resume(run)
        with stop_on_signals(once=accelerator.num_processes == 1) as stop:
            while not _is_over(run):
                _train_epoch(run, stop)
                _finish_epoch(run)
        return _result(run)


def _is_over(run: Run) -> bool:
    """Whether all epochs are done, or held-out subjects gain nothing any more."""
    at, patience = run.state.counters, run.config.early_stop
    stale = at.epoch - at.best_epoch
    return at.epoch >= run.config.epochs or bool(patience and at.epoch and stale >= patience)


def _check_l1(config: RunConfig, network: Network, accelerator: Accelerator) -> None:
    if config.l1 and accelerator.num_processes > 1 and not network.all_weights_in_loss:
        raise ConfigError(
            f"l1: found {config.l1}, expected 0 for {network.name} in several processes, whose "
            "loss does not reach all of its weights; set l1 = 0, or train in one process"
        )


def _resume(run: Run) -> None:
    """Go on from the state in the run folder; all processes must have found the same one."""
    run.folder.resume(run.state)
    at = run.state.counters
    own = torch.tensor([[at.epoch, at.step]], device=run.accelerator.device)
    found = cast(Tensor, run.accelerator.gather(own))
    if (found != own).any():
        raise ConfigError(
            f"{run.folder.path}: processes found different states of the run there; put it "
            "where all machines see the same folder"
        )


def _train_epoch(run: Run, stop: StopFlag) -> None:
    """Do the steps of the current epoch that are still to come."""
    counters, steps = run.state.counters, run.sampler.steps
    variants = run.config.data.variants
    run.samples.set_epoch(counters.epoch % variants if variants else counters.epoch)
    run.sampler.epoch, run.sampler.first_step = counters.epoch, counters.step
    started = time.monotonic() - counters.seconds
    batches = iter(run.loader) if counters.step < steps else iter(())
    while counters.step < steps:
        sums = _train_step(run, batches)
        stopped, save_due = _count_step(run, sums, stop)
        counters.step += 1
        counters.seconds = time.monotonic() - started
        if stopped or save_due:
            _save(run)
        if stopped:
            raise Interrupted(f"{run.folder.path}: stopped, its state is saved")
        if counters.step < steps:  # the last one is reported with the epoch's metrics
            _report(run, StepReport(*_position(run), counters.mean_loss))


def _train_step(run: Run, batches: Iterator[Batch]) -> Tensor:
    """Update the weights once; this process's sums of loss, right answers and samples."""
    step = run.state.counters.step
    run.schedule.apply(run.optimizer, run.time(step))
    run.optimizer.zero_grad()
    sums = torch.zeros(3, device=run.accelerator.device)
    count = run.sampler.micro_batches(step)
    for number in range(count):
        batch, last = to_device(next(batches), run.accelerator), number + 1 == count
        with nullcontext() if last else run.accelerator.no_sync(run.model):
            sums += _add_gradient(run, batch, number, last=last)
    if run.config.clip_norm:
        run.accelerator.clip_grad_norm_(run.model.parameters(), run.config.clip_norm)
    run.optimizer.step()
    return sums


def _add_gradient(run: Run, batch: Batch, number: int, *, last: bool) -> Tensor:
    """Add the gradient of a step's micro-batch; its sums of loss, right answers and samples."""
    counters, accelerator = run.state.counters, run.accelerator
    epoch, step = counters.epoch, counters.step
    key = (run.config.seed, epoch, step, accelerator.process_index, number)
    _seed(*key)
    counts = run.sampler.counts(step, number)
    for norm in run.batch_norms:
        norm.counts = counts
    mixture = draw_mixture(len(batch.label), run.config.mixup, key=key)
    if mixture:
        batch = batch._replace(joints_m=mixture.blend(batch.joints_m))
    logits, loss = _forward(run, batch, mixture)
    loss = loss * counts
    # gradients are averaged over processes, the loss is the mean over the step's samples
    share = loss * (accelerator.num_processes / run.sampler.size(step))
    accelerator.backward(share + _l1_penalty(run) if run.config.l1 and last else share)
    correct = (logits.detach().argmax(dim=1) == batch.label).sum() * counts
    return torch.stack((loss.detach(), correct, correct.new_tensor(len(logits)) * counts))


def _forward(run: Run, batch: Batch, mixture: Mixture | None) -> tuple[Tensor, Tensor]:
    """Logits, and the sum of their losses and, weighed, of those of a network's branches."""
    weight, smoothing = run.network.branch_loss, run.config.label_smoothing
    with run.accelerator.autocast():
        found = run.model(batch, branches=True) if weight else run.model(batch)[None]
    logits, *others = found.float()
    loss, *more = (
        cross_entropy_sum(each, batch.label, mixture, smoothing=smoothing)
        for each in (logits, *others)
    )
    return logits, loss + weight * torch.stack(more).sum() if more else loss


def _seed(*numbers: int) -> None:
    """Seed torch on every device from seed, epoch, step, process and micro-batch."""
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1))


def _l1_penalty(run: Run) -> Tensor:
    sums = [weight.abs().sum() for weight in run.network.conv_weights()]
    if not sums:  # a network of one's own may have no convolution
        return torch.zeros((), device=run.accelerator.device)
    return run.config.l1 * torch.stack(sums).sum()


def _count_step(run: Run, sums: Tensor, stop: StopFlag) -> tuple[bool, bool]:
    """Add up a step over all processes; whether one of them was told to stop, or has to save."""
    save_due = time.monotonic() - run.saved_at > 60 * run.config.save_minutes
    own = torch.cat((sums, sums.new_tensor([bool(stop), save_due])))
    loss, correct, seen, stops, saves = cast(Tensor, run.accelerator.reduce(own, "sum")).tolist()
    counters = run.state.counters
    if not np.isfinite(loss):
        raise DataError(
            f"{run.folder.path}: the loss is {loss} in epoch {counters.epoch + 1}, step "
            f"{counters.step + 1}; lower optim.lr or set clip_norm"
        )
    counters.loss += loss
    counters.correct += int(correct)
    counters.seen += int(seen)
    return stops > 0, saves > 0


def _finish_epoch(run: Run) -> None:
    """Validate, keep the weights if they are the best so far, record the metrics, save."""
    counters, started = run.state.counters, time.monotonic()
    position, loss = _position(run), counters.mean_loss
    held_out = run.held_out.validate() if run.held_out else None
    test = run.test.validate() if run.test else None
    metrics = _epoch_metrics(run, held_out, test)
    monitored = test or held_out
    run.schedule.observe(monitored.loss if monitored else loss)
    kept = _keep_if_best(run, held_out)
    seconds = round(counters.seconds + time.monotonic() - started, 3)
    metrics |= {"seconds": seconds, "kept": kept, "chosen_by": run.chosen_by}
    if run.accelerator.is_main_process:
        run.folder.append(metrics)
    counters.start_next_epoch()
    _save(run)
    _report(run, StepReport(*position, loss, metrics))


def _epoch_metrics(
    run: Run, held_out: Validation | None, test: Validation | None
) -> dict[str, Any]:
    """The epoch's line of metrics.jsonl, as far as validation goes."""
    counters = run.state.counters
    metrics: dict[str, Any] = {
        "epoch": counters.epoch + 1,
        "loss": counters.mean_loss,
        "top1": counters.correct / counters.seen,
    }
    if held_out:
        metrics |= {"held_out_loss": held_out.loss, "held_out_top1": held_out.top1}
    if test:
        metrics["test_loss"] = test.loss
    return metrics | {"lr": run.schedule.rate(run.time(run.sampler.steps - 1))}


def _keep_if_best(run: Run, held_out: Validation | None) -> bool:
    """Write the checkpoint if the epoch is the best on held-out subjects, or nobody is held out."""
    counters = run.state.counters
    if held_out is not None:
        if (held_out.top1, -held_out.loss) <= (counters.best_top1, -counters.best_loss):
            return False
        counters.best_top1, counters.best_loss = held_out.top1, held_out.loss
    counters.best_epoch = counters.epoch + 1
    if run.accelerator.is_main_process:
        facts = {"epoch": str(counters.best_epoch), "chosen_by": run.chosen_by}
        save_model(run.network, run.folder.path / BEST, {**run.header, **facts})
    return True


def _save(run: Run) -> None:
    if run.accelerator.is_main_process:
        run.folder.save(run.state)
    run.accelerator.wait_for_everyone()
    run.saved_at = time.monotonic()


def _position(run: Run) -> tuple[int, int, int, int]:
    """Epoch and epochs, step and steps, as a `StepReport` says them after a step."""
    counters = run.state.counters
    return counters.epoch + 1, run.config.epochs, counters.step, run.sampler.steps


def _report(run: Run, report: StepReport) -> None:
    if run.accelerator.is_main_process:
        run.progress(report)


def _result(run: Run) -> TrainResult:
    counters = run.state.counters
    top1 = counters.best_top1 if run.held_out else None
    return TrainResult(run.folder.path / BEST, counters.best_epoch, run.chosen_by, top1)
