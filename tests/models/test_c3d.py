from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError, DataError
from skelflow.models.attention.masks import attention_masks
from skelflow.models.flow.c3d import CONVOLUTIONS, C3dTrunk, c3d_levels
from skelflow.models.flow.config import ClipConfig
from skelflow.models.registry import create_model

SMALL = {"width": 1 / 16, "clip_length": 8, "crop": 32, "classes": 3, "initialization": "he"}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def clips(b: int = 2, length: int = 8, crop: int = 32) -> Batch:
    flow = torch.rand(b, 3, length, crop, crop) * 2 - 1
    joints_px = torch.rand(b, length, 2, 5, 2) * crop
    joints_px[:, :, 1] = torch.nan
    index = torch.arange(b)
    return Batch(flow, joints_px, torch.zeros(b, 0), index, index)


def test_c3d_has_the_papers_parameter_count_and_operations() -> None:
    with torch.device("meta"):
        model = create_model("c3d").eval()
        batch = Batch(torch.empty(1, 3, 16, 112, 112), *[torch.empty(1)] * 4)
        counter = FlopCounterMode(display=False)
        with counter, torch.no_grad():
            logits = model(batch)
    assert logits.shape == (1, 60)
    assert sum(weight.numel() for weight in model.parameters()) == 78_241_596
    assert counter.get_total_flops() / 2e9 == pytest.approx(38.5, abs=0.1)
    convolutions = [model.flow.get_submodule(name) for name in CONVOLUTIONS]
    counts = [sum(weight.numel() for weight in layer.parameters()) for layer in convolutions]
    assert counts == [5_248, 221_312, 884_992, 1_769_728, 3_539_456, *[7_078_400] * 3]
    assert model.flow.fc6.weight.shape == (4096, 512 * 1 * 4 * 4)


@pytest.mark.parametrize(("length", "crop"), [(16, 112), (8, 16), (9, 33), (32, 50)])
def test_c3d_takes_any_clip_size(length: int, crop: int) -> None:
    sizes = {"width": 1 / 64, "clip_length": length, "crop": crop}
    model = create_model("c3d_at1", **sizes, classes=7).eval()
    assert model(clips(1, length, crop)).shape == (1, 7)


def test_c3d_refuses_clips_of_another_size() -> None:
    with pytest.raises(DataError, match=r"\(8, 16, 16\).*\(8, 32, 32\)"):
        create_model("c3d", **SMALL)(clips(crop=16))


@pytest.mark.parametrize(("option", "value"), [("clip_length", 7), ("crop", 15)])
def test_c3d_rejects_a_clip_that_pools_to_nothing(option: str, value: int) -> None:
    with pytest.raises(ConfigError, match=f"{option}: found {value}"):
        create_model("c3d", **{option: value})


def test_c3d_original_initialization_sets_biases_to_one_but_the_first_and_last() -> None:
    model = create_model("c3d", width=1 / 8, clip_length=8, crop=16)
    biases = {name: value for name, value in model.named_parameters() if name.endswith("bias")}
    assert len(biases) == 11
    for name, bias in biases.items():
        assert (bias == (0 if name in ("flow.conv1a.bias", "head.bias") else 1)).all()
    assert model.flow.conv5b.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert model.flow.fc7.weight.std().item() == pytest.approx(0.005, rel=0.05)


def test_c3d_he_initialization_keeps_the_scale_of_activations() -> None:
    model = create_model("c3d", width=1 / 4, clip_length=8, crop=32, initialization="he").eval()
    assert 0.1 < model.features(clips()).std() < 10


def plain_c3d(trunk: C3dTrunk, flow: Tensor, gains: list[Tensor] | None) -> Tensor:
    """The paper's order of words: convolution, ReLU, (1 + M) * Y, pool."""
    level = {name: int(name[4]) - 1 for name in CONVOLUTIONS}
    last = ("conv1a", "conv2a", "conv3b", "conv4b", "conv5b")
    x = flow
    for name in CONVOLUTIONS:
        x = nn.functional.relu(trunk.get_submodule(name)(x))
        if gains is not None:
            x = gains[level[name]] * x
        if name in last:
            kernel = (1, 2, 2) if name == "conv1a" else 2
            x = nn.MaxPool3d(kernel, kernel, ceil_mode=name == "conv5b")(x)
    return trunk.fc7(trunk.fc6(x.flatten(1)).relu()).relu()


@pytest.mark.parametrize("attended", [False, True])
def test_c3d_equals_the_layers_one_by_one(attended: bool) -> None:
    config = ClipConfig(width=1 / 16, clip_length=8, crop=48, initialization="he")
    trunk = C3dTrunk(config).eval().double()
    batch = clips(crop=48)
    masks = attention_masks(batch.joints_px.double(), levels=c3d_levels(48))
    gains = [1 + mask for mask in masks] if attended else None
    flow = batch.flow.double()
    ours, plain = trunk(flow, gains), plain_c3d(trunk, flow, gains)
    torch.testing.assert_close(ours, plain)
    weights = list(trunk.parameters())
    for left, right in zip(
        torch.autograd.grad(ours.square().sum(), weights),
        torch.autograd.grad(plain.square().sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(left, right)


def test_c3d_at1_boosts_features_and_preserve_rms_does_not() -> None:
    models = {name: create_model(name, **SMALL).eval() for name in ("c3d", "c3d_at1")}
    kept = create_model("c3d_at1", **SMALL, preserve_rms=True).eval()
    for model in (models["c3d_at1"], kept):
        model.load_state_dict(models["c3d"].state_dict())
    batch = clips()
    plain, literal, same = (
        model.features(batch).norm() for model in (models["c3d"], models["c3d_at1"], kept)
    )
    assert literal > 2 * plain
    assert 0.5 * plain < same < 2 * plain


def test_c3d_at1_equals_c3d_when_no_joint_is_seen() -> None:
    plain, attended = create_model("c3d", **SMALL).eval(), create_model("c3d_at1", **SMALL).eval()
    attended.load_state_dict(plain.state_dict())
    batch = clips()
    blind = batch._replace(joints_px=torch.full_like(batch.joints_px, torch.nan))
    torch.testing.assert_close(attended(blind), plain(batch))
    assert not torch.allclose(attended(batch), plain(batch))


def test_c3d_has_no_score() -> None:
    with pytest.raises(DataError, match="c3d has no informativeness score"):
        create_model("c3d", **SMALL).score(clips())


def test_c3d_keeps_activations_channels_last() -> None:
    trunk = create_model("c3d_at1", **SMALL).flow
    batch = clips()
    seen = []
    for name in CONVOLUTIONS:
        trunk.get_submodule(name).register_forward_hook(lambda _m, x, _y: seen.append(x[0]))
    masks = attention_masks(batch.joints_px, levels=c3d_levels(32))
    trunk(batch.flow, [1 + mask for mask in masks])
    assert len(seen) == 8
    assert all(x.is_contiguous(memory_format=torch.channels_last_3d) for x in seen)


def test_c3d_gradients_in_bf16_are_those_of_full_precision() -> None:
    model = create_model("c3d_at1", **SMALL, dropout=0.0)
    batch, found = clips(), []
    for half in (False, True, True):
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = model(batch).float()
        nn.functional.cross_entropy(logits, batch.label).backward()
        found.append(
            [weight.grad.clone() for weight in model.parameters() if weight.grad is not None]
        )
    for full, half, again in zip(*found, strict=True):
        assert (half - full).norm() < 0.4 * full.norm()
        assert torch.equal(half, again)


def test_c3d_normalizes_before_the_relu_and_pools_everything_on_request() -> None:
    model = create_model("c3d", **SMALL, batch_norm=True, global_pool=True).eval()
    trunk, batch = model.flow, clips()
    for norm in trunk.norms.values():
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    x, last = batch.flow, ("conv1a", "conv2a", "conv3b", "conv4b", "conv5b")
    for name in CONVOLUTIONS:
        x = trunk.norms[name](trunk.get_submodule(name)(x)).relu()
        if name in last:
            kernel = (1, 2, 2) if name == "conv1a" else 2
            x = nn.MaxPool3d(kernel, kernel, ceil_mode=name == "conv5b")(x)
    torch.testing.assert_close(model.features(batch), x.mean(dim=(2, 3, 4)))
    assert not hasattr(trunk, "fc6")


def test_c3d_frozen_layers_keep_weights_and_statistics() -> None:
    options = {"batch_norm": True, "frozen_through": "conv3a", "classes": 2}
    model = create_model("c3d_at1", **{**SMALL, **options}).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    batch = clips()
    optimizer = torch.optim.SGD([w for w in model.parameters() if w.requires_grad], lr=0.1)
    nn.functional.cross_entropy(model(batch), batch.label).backward()
    optimizer.step()
    after = model.state_dict()
    changed = {name.split(".")[-2] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"conv3b", "conv4a", "conv4b", "conv5a", "conv5b", "fc6", "fc7", "head"}


def test_c3d_names_a_layer_that_cannot_be_frozen() -> None:
    with pytest.raises(ConfigError, match=r"frozen_through: found 'conv3', .*did you mean 'conv3"):
        create_model("c3d", **SMALL, frozen_through="conv3")
