"""Networks as files of other runtimes answer as by torch, and take their place everywhere."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

import numpy as np
import pytest
import torch

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.store.identity import identify
from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError, StorageError, WeightsError
from skelflow.evaluation.evaluate import evaluate
from skelflow.extras import EXTRA_OF, MissingExtraError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.engines import make_engine
from skelflow.inference.export import export_network
from skelflow.inference.exported.convert import TOLERANCE, convert
from skelflow.inference.exported.formats import find_format
from skelflow.inference.exported.onnx import Onnx
from skelflow.inference.exported.program import example_batch
from skelflow.inference.recognizer import Recognizer
from skelflow.models.config import SkeletonConfig
from skelflow.models.guides import registry as guides
from skelflow.models.guides.guide import Guide
from skelflow.models.guides.registry import register_guide
from skelflow.models.registry import create_model
from skelflow.models.weights import save_model
from skelflow.viz.report.answers import answers_of_evaluation, find_evaluation
from tests.cli.test_commands import run
from tests.models.test_fusion import FLOW, SKELETON, SMALL
from tests.tiny_store import make_tiny_store
from tests.tiny_utd import write_recording
from tests.unchecked import unchecked_types

CLIPS = {"classes": 2, "width": 0.05, "clip_length": 8, "crop": 16}
FIRST_BLOCK = {"trunk": "i3d", "end_point": "Conv3d_1a_7x7", "guide": "moved"}
TINY = {**CLIPS, **FIRST_BLOCK, "joints": 20, "bodies": 1, "frames": 20}
PACKAGES = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "openvino": ("openvino",)}
CPU = torch.device("cpu")


class Moved(Guide):
    """A guide of one layer, so that what is recorded is small: how far each joint moved."""

    def __init__(self, config: SkeletonConfig) -> None:
        super().__init__()
        self.outputs = 4
        self.layer = torch.nn.Linear(config.joints * config.bodies, self.outputs)

    def features_and_score(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        moved_m = batch.joints_m.diff(dim=1).nan_to_num().norm(dim=-1).sum(dim=1)
        score = moved_m / moved_m.amax(dim=(1, 2), keepdim=True).clamp(min=1e-6)
        return self.layer(moved_m.flatten(1)), score


def needs(name: str, *marks: pytest.MarkDecorator) -> object:
    """A case that skips, saying why, where the packages of an extra are not installed."""
    missing = [package for package in PACKAGES[name] if find_spec(package) is None]
    why = f"{', '.join(missing)}: not installed (extra {name!r})"
    return pytest.param(name, marks=[*marks, pytest.mark.skipif(bool(missing), reason=why)])


FORMATS = [needs("onnx"), needs("openvino")]


@pytest.fixture(autouse=True, scope="module")
def _shapes_unchecked() -> Iterator[None]:
    """Checks of shapes at run time look into what is only being recorded."""
    with unchecked_types():
        yield


def write_weights(path: Path, store: Store) -> Path:
    """An untrained network in a file that says all that a trained one's says."""
    header = {
        "run": {"data": {"held_out_subjects": []}},
        "clips": {"overlap": 4, "longer": "cut"},
        "store": store.meta.to_json(),
        "actions": [1, 2],
        "recordings": {"fit": identify(store, store.names()[:1]), "held_out": ""},
    }
    torch.manual_seed(0)
    texts = {key: json.dumps(value) for key, value in header.items()}
    save_model(create_model("fused", **TINY), path, {**texts, "protocol": "cross-subject"})
    return path


@pytest.fixture(autouse=True, scope="module")
def _guide() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guides._GUIDES, "_entries", dict(guides._GUIDES._entries))
        register_guide("moved", Moved, SkeletonConfig)
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_tiny_store(tmp_path_factory.mktemp("store") / "s.zarr", subjects=(1, 2))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights") / "tiny.safetensors", store)


@pytest.fixture(scope="module", params=FORMATS)
def exported(
    request: pytest.FixtureRequest, weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    form = find_format(request.param)
    out = tmp_path_factory.mktemp(request.param) / f"tiny{form.ending}"
    made = export_network(weights, to=request.param, out=out)
    assert made.difference <= TOLERANCE
    assert (made.path, made.engine) == (out, form.engine)
    assert [each.name for each in out.parent.iterdir()] == [out.name]
    return out


def test_an_exported_file_is_no_weights_for_the_hub(exported: Path, tmp_path: Path) -> None:
    expected = rf"{re.escape(str(exported))}: is an exported file, .* load the weights that it was"
    with pytest.raises(WeightsError, match=expected):
        Recognizer.load(exported).save_pretrained(tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_exported_file_recognizes_and_explains_as_its_weights_do(
    exported: Path, weights: Path, tmp_path: Path
) -> None:
    recording = write_recording(tmp_path, action=1, subject=1)
    ours, theirs = (Recognizer.load(path).explain(recording) for path in (weights, exported))
    assert ours.attention is not None
    assert theirs.attention is not None
    np.testing.assert_allclose(theirs.clip_probabilities, ours.clip_probabilities, atol=1e-5)
    np.testing.assert_allclose(theirs.attention, ours.attention, atol=1e-5)
    np.testing.assert_array_equal(theirs.flow, ours.flow)
    (scores,), (expected,) = theirs.result.scores, ours.result.scores
    assert scores == pytest.approx(expected, abs=1e-5)
    names = [each.name for each in theirs.result.predictions]
    assert names == [each.name for each in ours.result.predictions]


def test_an_exported_file_says_what_its_weights_say(exported: Path, weights: Path) -> None:
    ours, theirs = Checkpoint.load(weights), Checkpoint.load(exported)
    assert replace(theirs, path=ours.path, network=ours.network) == ours
    assert theirs.recordings["fit"]
    assert theirs.network.config == ours.network.config
    assert len(theirs.sha256()) == len(ours.sha256())
    assert theirs.sha256() != ours.sha256()
    with pytest.raises(DataError, match="answers but no features; use the weights"):
        theirs.network.features(example_batch(ours.network, 1))


def test_an_exported_file_runs_by_its_own_engine_alone(exported: Path) -> None:
    with pytest.raises(ConfigError, match="engine: found 'torch', but the network was exported"):
        Recognizer.load(exported, engine="torch")
    with pytest.raises(ConfigError, match="computes on 'cpu' alone"):
        make_engine(None, Checkpoint.load(exported).network, torch.device("meta"))
    with pytest.raises(ConfigError, match="is exported already"):
        export_network(exported, to="onnx")


def test_evaluate_takes_an_exported_file_in_place_of_weights(
    exported: Path, weights: Path, store: Store
) -> None:
    found = [evaluate(path, store.path, device="cpu") for path in (weights, exported)]
    assert found[0].sequences == 2
    np.testing.assert_allclose(found[1].probabilities, found[0].probabilities, atol=1e-5)


def test_the_evaluation_of_an_exported_file_goes_beside_it(
    exported: Path, store: Store, tmp_path: Path
) -> None:
    own = tmp_path / exported.name
    (copytree if exported.is_dir() else copyfile)(exported, own)
    assert run("evaluate", str(own), str(store.path), "--device", "cpu") == 0
    checkpoint = Checkpoint.load(own)
    folder = find_evaluation(checkpoint)
    assert folder == tmp_path / f"{exported.name.replace('.', '_')}_evaluation"
    assert len(answers_of_evaluation(checkpoint, folder).predictions) == 2
    assert evaluate(own, store.path, device="cpu").weights_sha256 == checkpoint.sha256()
    assert {each.name for each in tmp_path.iterdir()} == {own.name, folder.name}


def test_what_lies_beside_an_exported_network_is_no_part_of_it(
    exported: Path, tmp_path: Path
) -> None:
    own = tmp_path / exported.name
    (copytree if exported.is_dir() else copyfile)(exported, own)
    before = Checkpoint.load(own).sha256()
    ((own if own.is_dir() else tmp_path) / "evaluation").mkdir()
    assert Checkpoint.load(own).sha256() == before == Checkpoint.load(exported).sha256()


def test_a_damaged_exported_file_is_refused_by_name(exported: Path, tmp_path: Path) -> None:
    form = find_format("onnx" if exported.is_file() else "openvino")
    broken = tmp_path / f"broken{form.ending}"
    if exported.is_file():
        broken.write_bytes(exported.read_bytes()[:1000])
    else:
        broken.mkdir()
        (broken / "network.xml").write_text("<net")
        (broken / "network.bin").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"broken.*export the weights again"):
        Checkpoint.load(broken)


def test_nothing_is_left_of_an_export_that_cannot_be_written(
    exported: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("skelflow.inference.export.sync", fail)
    form = find_format("onnx" if exported.is_file() else "openvino")
    known = Checkpoint.load(exported).network
    monkeypatch.setattr("skelflow.inference.export.convert", lambda *_: (known, 0.0))
    with pytest.raises(StorageError, match="No space left"):
        export_network(weights, to=form.name, out=tmp_path / f"x{form.ending}")
    assert list(tmp_path.iterdir()) == []


def test_export_refuses_before_it_begins(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="to: found 'onxn'; did you mean 'onnx'"):
        export_network(weights, to="onxn")
    with pytest.raises(ConfigError, match=r"expected a name in \.onnx"):
        export_network(weights, to="onnx", out=tmp_path / "x.xml")
    (tmp_path / "there.onnx").touch()
    with pytest.raises(ConfigError, match="is there already"):
        export_network(weights, to="onnx", out=tmp_path / "there.onnx")
    with pytest.raises(ConfigError, match="its folder does not exist"):
        export_network(weights, to="onnx", out=tmp_path / "no" / "x.onnx")


@pytest.mark.parametrize("package", ["onnxruntime", "openvino"])
def test_an_engine_that_is_not_installed_is_named_with_its_extra(
    package: str, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = EXTRA_OF[package]
    monkeypatch.setattr("skelflow.extras.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=rf'pip install "skelflow\[{extra}\]"'):
        Recognizer.load(weights, engine=package)


def test_a_network_that_answers_otherwise_is_refused() -> None:
    class Wrong(Onnx):
        name, engine, ending = "wrong", "wrong", ".wrong"
        packages: tuple[str, ...] = ()

        def convert(self, *_: Any) -> Any:
            return None

        def compile(self, *_: Any) -> Any:
            return lambda given: {"logits": np.zeros((len(given["flow"]), 2), np.float32)}

    with pytest.raises(WeightsError, match=r"differ by .* from torch's, expected at most 1e-05"):
        convert(create_model("c3d", **CLIPS).eval(), Wrong())


@pytest.mark.parametrize("precision", ["float64", "bfloat16"])
def test_precision_that_an_engine_lacks_is_refused_with_those_it_has(
    weights: Path, precision: str
) -> None:
    with pytest.raises(ConfigError, match="'onnxruntime' computes in 'float32'"):
        make_engine("onnxruntime", Checkpoint.load(weights).network, CPU, precision)


def test_torch_in_bfloat16_answers_about_the_same(weights: Path) -> None:
    network = Checkpoint.load(weights).network
    batch = example_batch(network, 2)
    with torch.inference_mode():
        coarse = make_engine("torch", network, CPU, "bfloat16")(batch)
        exact = network(batch)
    assert coarse.dtype == torch.float32
    assert not torch.equal(coarse, exact)
    torch.testing.assert_close(coarse.softmax(1), exact.softmax(1), rtol=0, atol=0.05)


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino: not installed")
def test_openvino_is_imported_without_its_telemetry() -> None:
    program = (
        "import sys; from skelflow.inference.exported.openvino import import_openvino as load;"
        "import socket; socket.socket.connect = None; load();"
        "from openvino.tools.ovc import telemetry_utils as found;"
        "assert found.tm.__name__.endswith('telemetry_stub'), found.tm;"
        "assert not [m for m in sys.modules if m.startswith('openvino_telemetry.')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


OPTIONS: dict[str, dict[str, Any]] = {
    "c3d": {**FLOW, "classes": 3},
    "c3d_at1": {**FLOW, "classes": 3, "preserve_rms": True},
    "c3d_at2": {**SMALL, "center": "root", "preserve_rms": True},
    "fused": {**SMALL, "guide": "gcn", "bones": ((0, 1), (1, 2)), "preserve_rms": True},
    "res_tcn": {**SKELETON, "width": 0.125},
    "res_tcn_bjcn": {**SKELETON, "width": 0.125, "center": "root"},
    "gcn": {**SKELETON, "width": 0.25, "bones": ((0, 1), (1, 2))},
    "i3d_at1": {"width": 1 / 16, "clip_length": 8, "crop": 32, "classes": 3},
    "gated": {**SMALL, "name": "fused", "preserve_rms": True, "fusion": "gated"},
    "frames weighed": {**SMALL, "name": "c3d_at2", "preserve_rms": True, "time_attention": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", OPTIONS)
def test_every_network_converts_and_answers_as_by_torch(name: str, to: str) -> None:
    torch.manual_seed(0)
    network = create_model(**{"name": name, **OPTIONS[name]}).eval()
    exported, difference = convert(network, find_format(to), {})
    assert difference <= TOLERANCE
    batch = example_batch(network, 7, seed=7)
    with torch.inference_mode():
        torch.testing.assert_close(exported(batch), network(batch), rtol=0, atol=1e-5)
