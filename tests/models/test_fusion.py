import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError, WeightsError
from skelflow.models.attention.masks import attention_masks
from skelflow.models.flow.c3d import c3d_levels
from skelflow.models.fusion.gate import Gate
from skelflow.models.fusion.networks import Fused
from skelflow.models.registry import create_model
from skelflow.models.weights import load_heads, load_model, load_part, save_model

SKELETON = {"joints": 5, "bodies": 2, "frames": 20, "classes": 3}
FLOW = {"width": 1 / 16, "clip_length": 8, "crop": 32, "initialization": "he"}
SMALL = {**SKELETON, **FLOW, "skeleton_width": 0.125}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def make_batch(b: int = 3) -> Batch:
    flow = torch.rand(b, 3, 8, 32, 32) * 2 - 1
    joints_px = torch.rand(b, 8, 2, 5, 2) * 32
    joints_m = torch.randn(b, 20, 2, 5, 3)
    joints_px[:, :, 1], joints_m[:, :, 1] = torch.nan, torch.nan
    joints_px[0, 2:4, 0, 1], joints_m[0, 2:4, 0, 1] = torch.nan, torch.nan
    return Batch(flow, joints_px, joints_m, torch.arange(b) % 3, torch.arange(b))


def train_one_step(model: torch.nn.Module, batch: Batch) -> None:
    optimizer = torch.optim.SGD([w for w in model.parameters() if w.requires_grad], lr=0.1)
    torch.nn.functional.cross_entropy(model(batch), batch.label).backward()
    optimizer.step()


def copy_state(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(module: torch.nn.Module, before: dict[str, Tensor]) -> set[str]:
    after = module.state_dict()
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def test_fused_reads_fc7_beside_fc_768() -> None:
    with torch.device("meta"):
        model = create_model("fused")
    assert model.head.in_features == 4864
    assert model.flow.outputs == 4096
    assert model.skeleton.outputs == 768


@pytest.mark.parametrize("name", ["c3d_at2", "fused"])
def test_fusion_logits_are_finite_when_joints_are_missing(name: str) -> None:
    model = create_model(name, **SMALL).eval()
    batch = make_batch()
    nobody = batch._replace(
        joints_px=torch.full_like(batch.joints_px, torch.nan),
        joints_m=torch.full_like(batch.joints_m, torch.nan),
    )
    for given in (batch, nobody):
        logits = model(given)
        assert logits.shape == (3, 3)
        assert logits.isfinite().all()
        assert model.features(given).shape == (3, model.head.in_features)


@pytest.mark.parametrize("options", [{}, {"score_layer": 1}, {"score_scale": "max"}])
def test_c3d_at2_boosts_by_the_score_of_the_network_inside(options: dict[str, object]) -> None:
    model = create_model("c3d_at2", **SMALL, **options).eval()
    batch = make_batch()
    score = model.score(batch)
    assert score.shape == (3, 2, 5)
    assert score.max() == 1
    gains = [1 + mask for mask in attention_masks(batch.joints_px, score, levels=c3d_levels(32))]
    torch.testing.assert_close(model.features(batch), model.flow(batch.flow, gains))


def test_fusion_score_layer_changes_the_logits() -> None:
    model, other = (create_model("fused", **SMALL, score_layer=n).eval() for n in ("sum", 1))
    other.load_state_dict(model.state_dict())
    batch = make_batch()
    assert not torch.allclose(model(batch), other(batch))


@pytest.mark.parametrize(
    ("name", "options"), [("c3d_at2", {}), ("fused", {"skeleton_update": "frozen"})]
)
def test_frozen_skeleton_keeps_parameters_and_statistics(
    name: str, options: dict[str, str]
) -> None:
    model = create_model(name, **SMALL, **options).train()
    skeleton, flow, batch = copy_state(model.skeleton), copy_state(model.flow), make_batch()
    score = model.score(batch)
    train_one_step(model, batch)
    assert changed(model.skeleton, skeleton) == set()
    assert "conv1a.weight" in changed(model.flow, flow)
    assert torch.equal(model.score(batch), score)
    assert not any(module.training for module in model.skeleton.modules())
    assert all(weight.ndim == 5 for weight in model.conv_weights())


def test_joint_training_moves_both_and_counts_a_batch_once() -> None:
    model = create_model("fused", **SMALL).train()
    skeleton, flow = copy_state(model.skeleton), copy_state(model.flow)
    train_one_step(model, make_batch())
    moved = changed(model.skeleton, skeleton)
    assert {"bjcn.entry.weight", "tcn.entry.weight", "fc_bjcn.weight"} <= moved
    assert "conv1a.weight" in changed(model.flow, flow)
    assert int(model.skeleton.bjcn.units[0].norm.num_batches_tracked) == 1


def score_gradient(options: dict[str, object]) -> Tensor:
    """The gradient that the flow features alone send to the first layer of Res-BJCN."""
    model = create_model("fused", **SMALL, **options).eval()
    flow_features = model.features(make_batch())[:, : model.flow.outputs]
    flow_features.sum().backward()
    return cast(Tensor, model.skeleton.bjcn.entry.weight.grad)


@pytest.mark.parametrize("preserve_rms", [False, True])
def test_score_is_detached_by_default_and_differentiable_on_request(preserve_rms: bool) -> None:
    assert not score_gradient({"preserve_rms": preserve_rms}).any()
    through = score_gradient({"preserve_rms": preserve_rms, "differentiable": True})
    assert through.isfinite().all()
    assert through.any()


@pytest.mark.parametrize("preserve_rms", [False, True])
def test_c3d_at2_trains_the_skeleton_through_a_differentiable_score(preserve_rms: bool) -> None:
    options = {"differentiable": True, "skeleton_update": "joint", "preserve_rms": preserve_rms}
    model = create_model("c3d_at2", **SMALL, **options).train()
    before = copy_state(model.skeleton)
    train_one_step(model, make_batch())
    assert "bjcn.entry.weight" in changed(model.skeleton, before)


@pytest.mark.parametrize(
    ("name", "options", "field"),
    [
        ("c3d_at2", {"differentiable": True}, "differentiable"),
        ("c3d_at2", {"skeleton_update": "joint"}, "skeleton_update"),
        ("c3d_at2", {"attention": "at1"}, "attention"),
        ("c3d", {"attention": "at1"}, "attention"),
        ("fused", {"differentiable": True, "attention": "at1"}, "differentiable"),
        ("fused", {"frames": 21}, "frames"),
    ],
)
def test_fusion_rejects_settings_that_contradict(
    name: str, options: dict[str, object], field: str
) -> None:
    with pytest.raises(ConfigError, match=field):
        create_model(name, **{**SMALL, **options})


def test_fused_without_attention_ignores_where_joints_are() -> None:
    model = create_model("fused", **SMALL, attention="none").eval()
    batch = make_batch()
    elsewhere = batch._replace(joints_px=batch.joints_px / 2)
    torch.testing.assert_close(model(batch), model(elsewhere))


# --- starting from the single modalities ------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[..., Path]:
    def save(name: str, **options: object) -> Path:
        path = tmp_path / f"{name}.safetensors"
        model = create_model(name, **options)
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.normal_()
        save_model(model, path)
        return path

    return save


def test_load_part_starts_both_branches_and_leaves_the_head(
    checkpoint: Callable[..., Path],
) -> None:
    skeleton = checkpoint("res_tcn_bjcn", **{**SKELETON, "classes": 9}, width=0.125)
    flow = checkpoint("c3d", **FLOW, classes=9)
    model = create_model("fused", **SMALL)
    head, before = copy_state(model.head), copy_state(model)
    load_part(model, "skeleton", skeleton)
    load_part(model, "flow", flow)
    assert changed(model.head, head) == set()
    moved = changed(model, before)
    tensors = {name for name in before if "num_batches" not in name and "head." not in name}
    assert moved == tensors
    assert "skeleton.normalizer.low" in moved


def test_load_part_names_the_tensor_that_does_not_fit(checkpoint: Callable[..., Path]) -> None:
    model = create_model("fused", **SMALL)
    before = copy_state(model)
    wide = checkpoint("res_tcn_bjcn", **SKELETON, width=0.25)
    with pytest.raises(
        WeightsError, match=r"skeleton\.bjcn\.entry\.bias has shape \(32,\), expected \(16"
    ):
        load_part(model, "skeleton", wide)
    narrow = checkpoint("res_tcn", **SKELETON, width=0.125)
    with pytest.raises(WeightsError, match=r"skeleton\.bjcn\.entry\.weight is missing"):
        load_part(model, "skeleton", narrow)
    assert changed(model, before) == set()


def test_load_part_refuses_a_part_that_is_not_there(checkpoint: Callable[..., Path]) -> None:
    skeleton = checkpoint("res_tcn_bjcn", **SKELETON, width=0.125)
    with pytest.raises(WeightsError, match="holds a res_tcn_bjcn, which has no part 'flow'"):
        load_part(create_model("c3d", **FLOW), "flow", skeleton)
    with pytest.raises(ConfigError, match="C3d has no part 'skeleton'"):
        load_part(create_model("c3d", **FLOW), "skeleton", skeleton)


# --- trained apart, then together -------------------------------------------------------------


def test_load_heads_names_the_file_whose_header_is_no_json(tmp_path: Path) -> None:
    model, path = create_model("fused", **SMALL), tmp_path / "c3d.safetensors"
    save_model(create_model("c3d", **FLOW, classes=3), path, {"actions": "[1, 2"})
    with pytest.raises(WeightsError, match=r"c3d\.safetensors: actions: no JSON that can be read"):
        load_heads(model, flow=path, skeleton=path, actions=(1, 2, 3))


def test_fused_branches_are_classified_by_heads_of_their_own() -> None:
    model = create_model("fused", **SMALL, branch_loss=0.5, dropout=0.0).eval()
    batch = make_batch()
    streams = model.features(batch).split((model.flow.outputs, model.skeleton.outputs), dim=1)
    own, flow, skeleton = model(batch, branches=True)
    torch.testing.assert_close(own, model(batch))
    torch.testing.assert_close(flow, model.branch_heads["flow"](streams[0]))
    torch.testing.assert_close(skeleton, model.branch_heads["skeleton"](streams[1]))
    assert not hasattr(create_model("fused", **SMALL), "branch_heads")


def test_fused_started_by_both_heads_answers_by_the_product_of_their_probabilities() -> None:
    model = create_model("fused", **SMALL, branch_loss=0.5).eval()
    flow, skeleton = (
        torch.nn.Linear(count, 3) for count in (model.flow.outputs, model.skeleton.outputs)
    )
    with torch.no_grad():
        model.start_heads(flow, skeleton)
        own, of_flow, of_skeleton = model(make_batch(), branches=True).softmax(dim=-1)
    product = of_flow * of_skeleton
    torch.testing.assert_close(own, product / product.sum(dim=1, keepdim=True))


def test_modality_dropout_takes_one_branch_from_some_training_samples() -> None:
    model = create_model("fused", **SMALL, modality_dropout=0.6, dropout=0.0).train()
    streams = torch.ones(4000, 2), torch.ones(4000, 3)
    flow, joints = (stream.mean(dim=1) for stream in model._drop(streams))
    assert ((flow == 0) | (joints == 0)).float().mean() == pytest.approx(0.6, abs=0.03)
    assert (flow == 0).float().mean() == pytest.approx(0.3, abs=0.03)
    assert not ((flow == 0) & (joints == 0)).any()
    assert model.eval()._drop(streams) is streams


# --- the gate ---------------------------------------------------------------------------------


def gated(**options: object) -> Fused:
    """A network whose gate has been trained to something."""
    model = cast(Fused, create_model("fused", **SMALL, fusion="gated", **options))
    torch.nn.init.normal_(cast(Gate, model.gate).linear.weight, std=0.3)
    return model


def test_gate_weighs_both_streams_by_a_share_of_two_that_both_decide() -> None:
    gate = Gate(2, 1)
    with torch.no_grad():
        gate.linear.weight.copy_(torch.tensor([[1.0, 0.0, -1.0]]))
    flow, skeleton = torch.tensor([[1.0, 3.0], [0.0, 1.0]]), torch.tensor([[1.0], [math.log(3)]])
    of_flow, of_skeleton = gate(flow, skeleton)
    torch.testing.assert_close(of_flow, flow * torch.tensor([[1.0], [0.5]]))
    torch.testing.assert_close(of_skeleton, skeleton * torch.tensor([[1.0], [1.5]]))


@pytest.mark.parametrize("branch_loss", [0.0, 0.5])
def test_gated_fusion_started_by_both_heads_answers_exactly_as_without_a_gate(
    branch_loss: float,
) -> None:
    models = [
        cast(Fused, create_model("fused", **SMALL, branch_loss=branch_loss, fusion=fusion)).eval()
        for fusion in ("concatenation", "gated")
    ]
    plain, gated = models
    missing = gated.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert missing == ["gate.linear.weight", "gate.linear.bias"]
    flow = torch.nn.Linear(plain.flow.outputs, 3)
    skeleton = torch.nn.Linear(plain.skeleton.outputs, 3)
    with torch.no_grad():
        for model in models:
            model.start_heads(flow, skeleton)
    batch = make_batch()
    assert torch.equal(gated(batch), plain(batch))
    assert torch.equal(gated.features(batch), plain.features(batch))


@pytest.mark.parametrize("options", [{}, {"guide": "motion"}, {"trunk": "i3d"}])
def test_gated_fusion_trains_its_gate_with_any_guide_and_trunk(options: dict[str, str]) -> None:
    sizes = dict(SMALL)
    if "guide" in options:
        del sizes["skeleton_width"]
    if "trunk" in options:
        del sizes["initialization"]
    model = create_model("fused", **sizes, fusion="gated", modality_dropout=0.5, **options).train()
    before = copy_state(cast(Gate, model.gate))
    train_one_step(model, make_batch())
    assert changed(cast(Gate, model.gate), before) == {"linear.weight", "linear.bias"}


def test_gate_stands_before_the_head_and_not_before_the_branches_own() -> None:
    model = gated(branch_loss=0.5, dropout=0.0).eval()
    batch = make_batch()
    streams = model._streams(batch)
    own, flow, skeleton = model(batch, branches=True)
    weighed = torch.cat(cast(Gate, model.gate)(*streams), dim=1)
    assert not torch.allclose(weighed, torch.cat(streams, dim=1))
    torch.testing.assert_close(own, model.head(weighed))
    torch.testing.assert_close(own, model(batch))
    torch.testing.assert_close(flow, model.branch_heads["flow"](streams[0]))
    torch.testing.assert_close(skeleton, model.branch_heads["skeleton"](streams[1]))


def test_gated_fusion_comes_back_from_its_checkpoint_and_starts_others_branches(
    tmp_path: Path,
) -> None:
    model, path, batch = gated().eval(), tmp_path / "gated.safetensors", make_batch()
    save_model(model, path)
    assert torch.equal(load_model(path)(batch), model(batch))
    other = create_model("fused", **SMALL)
    load_part(other, "flow", path)
    assert torch.equal(other.flow.conv1a.weight, model.flow.conv1a.weight)


def test_flow_classified_alone_has_nothing_to_gate() -> None:
    with pytest.raises(ConfigError, match="fusion: found 'gated', expected 'concatenation' where"):
        create_model("c3d_at2", **SMALL, fusion="gated")


@pytest.mark.parametrize("option", ["branch_loss", "modality_dropout"])
def test_flow_classified_alone_has_no_branches_to_weigh(option: str) -> None:
    with pytest.raises(ConfigError, match=f"{option}: found 0.5, expected 0 where only flow"):
        create_model("c3d_at2", **SMALL, **{option: 0.5})
