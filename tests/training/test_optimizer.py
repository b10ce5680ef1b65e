"""Which weights decay, and at which rate they learn."""

import pytest

from skelflow.models.registry import create_model
from skelflow.training.config import OptimSection, ScheduleSection
from skelflow.training.optimizer import Schedule, make_optimizer


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_decay_spares_biases_norms_and_what_a_layer_names(name: str) -> None:
    network = create_model("gcn", joints=20, width=0.25)
    optim = OptimSection(name=name, weight_decay=0.05, decay_all=False)  # type: ignore[arg-type]
    decaying, spared = make_optimizer(network, optim).param_groups
    assert (decaying["weight_decay"], spared["weight_decay"]) == (0.05, 0.0)
    names = {weight: name for name, weight in network.named_parameters()}
    free = {names[weight] for weight in spared["params"]}
    assert free | {names[weight] for weight in decaying["params"]} == set(names.values())
    assert {"skeleton.joint_code", "skeleton.blocks.0.graph.graphs", "head.bias"} <= free
    assert {"skeleton.channels.norm.weight", "skeleton.blocks.5.graph.attention_weight"} <= free
    assert all(names[weight].endswith("weight") for weight in decaying["params"])


def test_all_weights_decay_by_default() -> None:
    network = create_model("gcn", joints=20, width=0.25)
    (group,) = make_optimizer(network, OptimSection(weight_decay=0.05)).param_groups
    assert list(group["params"]) == list(network.parameters())


def test_head_learns_at_its_own_rate_all_along_the_schedule() -> None:
    network = create_model("c3d", width=1 / 64, crop=16, clip_length=8, frozen_through="conv2a")
    schedule = ScheduleSection(name="cosine", min_lr=1e-4)
    optim = OptimSection(name="adamw", lr=4e-4, head_lr=3e-3, decay_all=False, schedule=schedule)
    optimizer = make_optimizer(network, optim)
    names = {weight: name for name, weight in network.named_parameters()}
    groups = [{names[weight] for weight in group["params"]} for group in optimizer.param_groups]
    assert groups[2:] == [{"head.weight"}, {"head.bias"}]
    assert "flow.conv3a.weight" in groups[0]
    assert "flow.fc6.bias" in groups[1]
    assert not any("conv1a" in name or "conv2a" in name for group in groups for name in group)
    for time in (0.0, 1.0, 2.0):
        Schedule(optim, epochs=2).apply(optimizer, time)
        trunk, _, head, _ = (group["lr"] for group in optimizer.param_groups)
        assert head / trunk == pytest.approx(7.5)
    assert trunk == 1e-4
