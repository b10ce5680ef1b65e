"""The learning rate at every step: as written down, as before, and beside torch's schedulers."""

import random
from itertools import pairwise

import pytest
import torch
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from skelflow.training.config import OptimSection, ScheduleSection
from skelflow.training.optimizer import Schedule

EPOCHS, STEPS = 10, 7


def schedule(**values: object) -> Schedule:
    section = ScheduleSection(**values)  # type: ignore[arg-type]
    return Schedule(OptimSection(lr=1.0, schedule=section), epochs=10)


def test_schedule_divides_by_steps() -> None:
    rates = [schedule(name="step", factor=0.2, every=4).rate(t) for t in (0.0, 3.9, 4.0, 8.0)]
    assert rates == pytest.approx([1, 1, 0.2, 0.04])


def test_schedule_follows_a_cosine_after_its_warmup() -> None:
    cosine = schedule(name="cosine", warmup_epochs=2.0)
    assert [cosine.rate(t) for t in (0.0, 1.0, 2.0, 6.0, 10.0)] == pytest.approx(
        [0, 0.5, 1, 0.5, 0]
    )


def test_schedule_waits_on_a_plateau() -> None:
    plateau = schedule(name="plateau", factor=0.1, patience=2)
    rates = []
    for loss in (3.0, 2.0, 2.5, 2.1, 1.9, 1.9, 1.9):
        plateau.observe(loss)
        rates.append(plateau.rate(1.0))
    assert rates == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_schedule_stays_constant() -> None:
    assert schedule(name="constant").rate(9.0) == 1.0


def rates(**values: object) -> list[float]:
    """At every step of a run, as the loop looks them up."""
    made = schedule(**values)
    return [made.rate((step + 1) / STEPS - 1e-9) for step in range(EPOCHS * STEPS)]


def optimizer() -> Optimizer:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def torch_rates(optimizer: Optimizer, scheduler: LRScheduler) -> list[float]:
    """Before the first step, and after each of a run."""
    found = [optimizer.param_groups[0]["lr"]]
    for _ in range(EPOCHS * STEPS):
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def test_schedule_gives_the_rates_it_always_gave() -> None:
    cosine = rates(name="cosine", warmup_epochs=1.5)
    found = [cosine[step] for step in (0, 9, 10, 40, 69)]
    assert found == [
        0.09523809457142857,
        0.9523809517142857,
        0.9998257709393026,
        0.48020522097152013,
        0.0,
    ]
    step = rates(name="step", factor=0.2, every=4, warmup_epochs=0.5)
    assert [step[i] for i in (0, 2, 3, 27, 28, 56)] == [
        0.2857142837142857,
        0.857142855142857,
        1.0,
        1.0,
        0.2,
        0.04000000000000001,
    ]


def test_schedule_never_falls_below_its_floor() -> None:
    assert min(rates(name="step", factor=0.2, every=1, min_lr=0.01)) == 0.01
    assert rates(name="cosine", min_lr=0.02)[-1] == 0.02
    plateau = schedule(name="plateau", factor=0.1, patience=1, min_lr=1e-3)
    for _ in range(30):
        plateau.observe(1.0)
    assert plateau.rate(1.0) == 1e-3
    assert schedule(name="cosine", warmup_epochs=2.0, min_lr=0.5).rate(1.0) == 0.5


def test_schedule_steps_as_torch_does_to_rounding() -> None:
    theirs = optimizer()
    expected = torch_rates(theirs, StepLR(theirs, step_size=2 * STEPS, gamma=0.3))[:-1]
    ours = rates(name="step", factor=0.3, every=2)
    assert ours == pytest.approx(expected, rel=1e-12)
    assert ours != expected  # not to the bit: theirs multiplies what it has


def test_schedule_follows_the_same_cosine_as_torch_one_step_ahead() -> None:
    theirs = optimizer()
    expected = torch_rates(theirs, CosineAnnealingLR(theirs, T_max=EPOCHS * STEPS))[1:]
    ours = rates(name="cosine")
    assert ours == pytest.approx(expected, rel=1e-6, abs=1e-8)
    assert ours != expected


@pytest.mark.parametrize(("kind", "name"), [(SGD, "momentum"), (AdamW, "betas")])
def test_schedule_follows_the_same_cycle_as_torch_to_less_than_a_step(
    kind: type[Optimizer], name: str
) -> None:
    def values(optimizer: Optimizer) -> tuple[float, float]:
        group = optimizer.param_groups[0]
        return group["lr"], group["betas"][0] if name == "betas" else group["momentum"]

    theirs, ours = (kind([torch.nn.Parameter(torch.zeros(1))], lr=1.0) for _ in range(2))  # type: ignore[call-arg]
    total, made = EPOCHS * STEPS, schedule(name="one_cycle")
    scheduler = OneCycleLR(theirs, max_lr=1.0, total_steps=total + 1)
    expected, found = [values(theirs)], []
    for step in range(total):
        theirs.step()
        scheduler.step()
        expected.append(values(theirs))
        made.apply(ours, (step + 1) / STEPS - 1e-9)
        found.append(values(ours))
    for own, other in zip(zip(*found, strict=True), zip(*expected, strict=True), strict=True):
        step_size = max(abs(a - b) for a, b in pairwise(other))
        assert own == pytest.approx(other[1:], abs=step_size)
        assert own[-1] == pytest.approx(other[-1], rel=1e-3)
        assert max(own) == pytest.approx(max(other), rel=1e-3)


def test_schedule_waits_on_a_plateau_as_torch_does_to_rounding() -> None:
    theirs, ours = optimizer(), schedule(name="plateau", factor=0.3, patience=3)
    scheduler = ReduceLROnPlateau(theirs, factor=0.3, patience=2, threshold=0, eps=0)
    chance, different = random.Random(0), 0
    for _ in range(60):
        loss = chance.choice((1.0, 0.9, 0.8)) - 0.01 * chance.random()
        ours.observe(loss)
        scheduler.step(loss)
        rate, expected = ours.rate(1.0), theirs.param_groups[0]["lr"]
        assert rate == pytest.approx(expected, rel=1e-12)
        different += rate != expected
    assert ours.drops > 3
    assert different > 0


def test_torch_puts_no_warmup_before_a_plateau() -> None:
    theirs = optimizer()
    parts = [LinearLR(theirs, 0.1), ReduceLROnPlateau(theirs)]
    with pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
        SequentialLR(theirs, parts, milestones=[3])  # type: ignore[arg-type]
