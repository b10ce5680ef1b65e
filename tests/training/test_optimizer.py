"""Which weights decay."""

import pytest

from skelflow.models.registry import create_model
from skelflow.training.config import OptimSection
from skelflow.training.optimizer import make_optimizer


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
