import os
import pickle
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import ConfigError, WeightsError
from skelflow.models.base import Network
from skelflow.models.flow.c3d import CONVOLUTIONS
from skelflow.models.flow.sports1m import load_c3d_weights
from skelflow.models.registry import create_model, list_models
from skelflow.models.weights import load_model, read_header, save_model

SMALL = {
    "classes": 4,
    "joints": 5,
    "frames": 20,
    "width": 1 / 16,
    "clip_length": 8,
    "crop": 48,
}
LAYERS = (*CONVOLUTIONS, "fc6", "fc7")


def make_batch() -> Batch:
    flow, index = torch.rand(2, 3, 8, 48, 48), torch.arange(2)
    return Batch(flow, torch.rand(2, 8, 2, 5, 2) * 48, torch.randn(2, 20, 2, 5, 3), index, index)


@pytest.mark.parametrize("name", list_models())
def test_save_model_round_trip_is_bit_equal(name: str, tmp_path: Path) -> None:
    dropout = {} if name == "motion" else {"dropout": 0.25}  # it has no layers to drop from
    model = create_model(name, **SMALL, **dropout)
    model(make_batch())  # moves the batch statistics
    path = tmp_path / "model.safetensors"
    save_model(model, path, {"commit": "abc"})
    loaded = load_model(path)
    assert loaded.config == model.config
    assert loaded.name == name
    assert not loaded.training
    state = loaded.state_dict()
    assert list(state) == list(model.state_dict())
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert torch.equal(loaded(make_batch_of(model)), model.eval()(make_batch_of(model)))
    assert read_header(path)["commit"] == "abc"
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def make_batch_of(_model: Network) -> Batch:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return make_batch()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(create_model("res_tcn", **SMALL), path)
    return path


def test_load_model_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.safetensors: .*does not exist"):
        load_model(tmp_path / "gone.safetensors")


def test_load_model_refuses_a_truncated_file(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        load_model(saved)


def test_load_model_refuses_a_file_without_our_header(saved: Path) -> None:
    save_file(load_file(saved), saved)
    with pytest.raises(WeightsError, match="no skelflow checkpoint"):
        load_model(saved)


def rewrite(path: Path, tensors: dict[str, Tensor], **header: str) -> None:
    metadata = read_header(path) | header
    save_file(tensors, path, metadata=metadata)


def test_load_model_names_a_missing_tensor(saved: Path) -> None:
    tensors = load_file(saved)
    del tensors["skeleton.tcn.units.3.conv.weight"]
    rewrite(saved, tensors)
    with pytest.raises(WeightsError, match=r"skeleton\.tcn\.units\.3\.conv\.weight is missing"):
        load_model(saved)


def test_load_model_names_a_tensor_of_another_shape(saved: Path) -> None:
    tensors = load_file(saved)
    tensors["head.bias"] = torch.zeros(5)
    rewrite(saved, tensors)
    with pytest.raises(WeightsError, match=r"head\.bias has shape \(5,\), expected \(4,\)"):
        load_model(saved)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.tensor([0.0, torch.nan, 0.0, 0.0]), r"head\.bias hold numbers that are not finite"),
        (torch.tensor([0.0, torch.inf, 0.0, 0.0]), r"head\.bias hold numbers that are not finite"),
        (
            torch.zeros(4, dtype=torch.int32),
            r"head\.bias is of type torch\.int32, expected .*float32",
        ),
        (torch.zeros(4, dtype=torch.complex64), r"head\.bias is of type torch\.complex64"),
        (torch.zeros(4).to(torch.float8_e4m3fn), r"head\.bias is of type torch\.float8_e4m3fn"),
    ],
)
def test_load_model_refuses_numbers_that_give_no_answer(
    saved: Path, value: Tensor, message: str
) -> None:
    rewrite(saved, {**load_file(saved), "head.bias": value})
    with pytest.raises(WeightsError, match=message):
        load_model(saved)


@pytest.mark.parametrize(
    "header",
    [{"model": "res_tcm"}, {"config": "{"}, {"config": '{"depth": 3}'}, {"config": "[]"}],
)
def test_load_model_refuses_a_header_it_does_not_know(saved: Path, header: dict[str, str]) -> None:
    rewrite(saved, load_file(saved), **header)
    with pytest.raises(WeightsError, match="does not describe a network"):
        load_model(saved)


def test_save_model_keeps_the_old_file_when_it_fails(saved: Path) -> None:
    before = saved.read_bytes()
    model = create_model("res_tcn", **SMALL)
    with pytest.raises(ConfigError, match="config"):
        save_model(model, saved, {"config": "mine"})
    assert saved.read_bytes() == before
    with pytest.raises(WeightsError, match="folder does not exist"):
        save_model(model, saved.parent / "nowhere" / "model.safetensors")


# --- weights of other projects ----------------------------------------------------------------


@pytest.fixture
def source() -> dict[str, Tensor]:
    """Tensors of a C3D by our layer names, with a classifier of 487."""
    torch.manual_seed(1)
    state = create_model("c3d", **SMALL, initialization="he").flow.state_dict()
    classifier = {"fc8.weight": torch.rand(487, 256), "fc8.bias": torch.rand(487)}
    return {key: torch.rand(value.shape) for key, value in state.items()} | classifier


def caffe_name(key: str) -> str:
    return key.replace("conv1a", "conv1").replace("conv2a", "conv2")


def mmaction_name(key: str) -> str:
    layer, kind = key.split(".")
    if layer == "fc8":
        return f"cls_head.fc_cls.{kind}"
    return f"backbone.{layer}.conv.{kind}" if "conv" in layer else f"backbone.{layer}.{kind}"


def numbered_name(key: str) -> str:
    layer, kind = key.split(".")
    if "conv" in layer:
        number = (0, 3, 6, 8, 11, 13, 16, 18)[CONVOLUTIONS.index(layer)]
        return f"features.{number}.{kind}"
    return f"classifier.{3 * (int(layer[2]) - 6)}.{kind}"


NAMINGS = {"caffe": caffe_name, "mmaction": mmaction_name, "numbered": numbered_name}


def assert_loaded(model: Network, source: dict[str, Tensor], input_scale: float = 127) -> None:
    state = model.flow.state_dict()
    assert len(state) == 20
    for key, value in state.items():
        scale = input_scale if key == "conv1a.weight" else 1
        torch.testing.assert_close(value, scale * source[key], msg=key)


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_load_c3d_weights_reads_pytorch_namings(
    naming: str, wrapped: bool, source: dict[str, Tensor], tmp_path: Path
) -> None:
    path, model = tmp_path / "c3d.pth", create_model("c3d", **SMALL)
    head = model.head.weight.clone()
    tensors = {NAMINGS[naming](key): value for key, value in source.items()}
    torch.save({"state_dict": tensors, "meta": {"epoch": 3}} if wrapped else tensors, path)
    report = load_c3d_weights(model, path)
    assert_loaded(model, source)
    assert torch.equal(model.head.weight, head)
    assert len(report.loaded) == 20
    assert sorted(report.skipped) == sorted(
        NAMINGS[naming](key) for key in ("fc8.weight", "fc8.bias")
    )


def test_load_c3d_weights_takes_the_convolutions_alone_where_nothing_dense_is(
    source: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "c3d.safetensors"
    save_file(source, path)
    model = create_model("c3d", **SMALL, batch_norm=True, global_pool=True)
    report = load_c3d_weights(model, path)
    assert torch.equal(model.flow.conv5b.weight, source["conv5b.weight"])
    assert {"fc6.weight", "fc7.bias"} <= set(report.skipped)


def test_load_c3d_weights_reads_safetensors_and_keeps_the_scale_on_request(
    source: dict[str, Tensor], tmp_path: Path
) -> None:
    path, model = tmp_path / "c3d.safetensors", create_model("fused", **SMALL)
    save_file(source, path)
    load_c3d_weights(model, path, input_scale=1.0)
    assert_loaded(model, source, input_scale=1)


def write_keras(path: Path, source: dict[str, Tensor], *, modern: bool) -> None:
    """As Keras with TensorFlow kernels: (d, h, w, in, out) and (in, out), fc6 over h, w, c."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if modern else file
        layers = [*LAYERS, "fc8"]
        group.attrs["layer_names"] = [b"conv1a", b"pool1", *(n.encode() for n in layers[1:])]
        group.create_group("pool1").attrs["weight_names"] = np.array([], "S1")
        for name in layers:
            kernel, bias = source[f"{name}.weight"].numpy(), source[f"{name}.bias"].numpy()
            if name == "fc6":  # (out, c, l, h, w) to (out, l, h, w, c); 2 x 2 cells of 32
                kernel = kernel.reshape(len(kernel), 32, 1, 2, 2).transpose(0, 2, 3, 4, 1)
                kernel = kernel.reshape(len(kernel), -1)
            kernel = kernel.transpose(2, 3, 4, 1, 0) if kernel.ndim == 5 else kernel.T
            ends = ("kernel:0", "bias:0") if modern else ("W", "b")
            names = [f"{name}/{end}" if modern else f"{name}_{end}" for end in ends]
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [each.encode() for each in names]
            layer[names[0]], layer[names[1]] = kernel, bias


@pytest.mark.parametrize("modern", [False, True])
def test_load_c3d_weights_reads_keras_and_reorders_fc6(
    modern: bool, source: dict[str, Tensor], tmp_path: Path
) -> None:
    path, model = tmp_path / "c3d.h5", create_model("c3d", **SMALL)
    write_keras(path, source, modern=modern)
    report = load_c3d_weights(model, path)
    assert_loaded(model, source)
    assert report.skipped == ("fc8.bias", "fc8.weight")
    load_c3d_weights(model, path, flatten="chw")
    assert not torch.equal(model.flow.fc6.weight, source["fc6.weight"])


def test_load_c3d_weights_names_a_missing_extra_for_keras(
    source: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c3d.h5"
    write_keras(path, source, modern=True)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(WeightsError, match=r"pip install 'skelflow\[keras\]'"):
        load_c3d_weights(create_model("c3d", **SMALL), path)


def test_load_c3d_weights_loads_nothing_when_a_shape_differs(
    source: dict[str, Tensor], tmp_path: Path
) -> None:
    path, model = tmp_path / "c3d.pth", create_model("c3d", **SMALL)
    before = model.flow.conv1a.weight.clone()
    torch.save(source | {"fc6.weight": torch.rand(256, 32)}, path)
    with pytest.raises(WeightsError, match=r"fc6\.weight has shape \(256, 32\).*\(256, 128\)"):
        load_c3d_weights(model, path)
    assert torch.equal(model.flow.conv1a.weight, before)


ODD = {
    "complex": lambda tensor: tensor.to(torch.complex64),
    "float8": lambda tensor: tensor.to(torch.float8_e4m3fn),
    "no memory": lambda tensor: tensor.to("meta"),
    "whole numbers": lambda tensor: tensor.to(torch.int32),
}


@pytest.mark.parametrize("kind", ODD)
def test_load_c3d_weights_refuses_numbers_of_another_kind(
    source: dict[str, Tensor], kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "c3d.pth"
    torch.save(source | {"fc6.bias": ODD[kind](source["fc6.bias"])}, path)
    with pytest.raises(WeightsError, match=r"fc6\.bias is of type torch\.\w+, expected"):
        load_c3d_weights(create_model("c3d", **SMALL), path)


def test_weights_are_refused_by_the_length_of_their_header(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes((99 * 2**20).to_bytes(8, "little") + b"{}")
    with pytest.raises(WeightsError, match=r"99 MB of text, at most 64 are read"):
        read_header(path)


def test_load_c3d_weights_names_what_the_file_lacks(
    source: dict[str, Tensor], tmp_path: Path
) -> None:
    path, model = tmp_path / "c3d.pth", create_model("c3d", **SMALL)
    del source["conv4b.bias"]
    torch.save(source, path)
    with pytest.raises(WeightsError, match=r"lacks conv4b\.bias"):
        load_c3d_weights(model, path)
    torch.save({"layer1.0.weight": torch.rand(3)}, path)
    with pytest.raises(WeightsError, match=r"no C3D of a known naming.*layer1\.0\.weight"):
        load_c3d_weights(model, path)
    with pytest.raises(ConfigError, match="has no C3D"):
        load_c3d_weights(create_model("res_tcn", **SMALL), path)


class Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("legacy", [False, True])
def test_load_c3d_weights_runs_no_code_from_the_file(
    legacy: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "c3d.pth"
    if legacy:
        path.write_bytes(pickle.dumps(Payload(), protocol=2))
    else:
        torch.save({"conv1.weight": Payload()}, path)
    with pytest.raises(WeightsError, match="run code from the file"):
        load_c3d_weights(create_model("c3d", **SMALL), path)
    assert not (tmp_path / "ran").exists()


def test_load_c3d_weights_refuses_a_truncated_file(
    source: dict[str, Tensor], tmp_path: Path
) -> None:
    path, model = tmp_path / "c3d.pth", create_model("c3d", **SMALL)
    torch.save(source, path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(WeightsError, match=r"c3d\.pth"):
        load_c3d_weights(model, path)
    write_keras(path, source, modern=True)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(WeightsError, match=r"c3d\.pth"):
        load_c3d_weights(model, path)
