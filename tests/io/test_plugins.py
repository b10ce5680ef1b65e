"""What installed packages register is found wherever a name is asked for or listed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from skelflow.flow.engines import registry as flow_engines
from skelflow.flow.engines.numpy.solver import solve_pairs
from skelflow.inference.engines import list_engines
from skelflow.inference.engines import registry as engines
from skelflow.models import registry as models
from tests.plugin import installed

SOURCE = """
from skelflow.flow.engines.registry import register_engine as register_flow_engine
from skelflow.inference.engines import register_engine
from skelflow.models.config import SkeletonConfig
from skelflow.models.registry import register_model

register_flow_engine("my_solver", "skelflow.flow.engines.numpy.solver")
register_engine("my_runtime", lambda network, device: network)
register_model("my_network", lambda config: None, SkeletonConfig)
"""


@pytest.fixture(autouse=True)
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that registers an engine of the flow, one of networks, and a network."""
    monkeypatch.setattr(flow_engines._ENGINES, "_entries", flow_engines._ENGINES.all())
    monkeypatch.setattr(engines, "_ENGINES", dict(engines._ENGINES))
    monkeypatch.setattr(models, "_MODELS", dict(models._MODELS))
    with installed(tmp_path, monkeypatch, SOURCE):
        yield


def test_an_engine_of_the_flow_is_found() -> None:
    assert flow_engines.find_engine("my_solver") is solve_pairs


def test_a_network_is_listed() -> None:
    assert models.list_models("my_*") == ["my_network"]


def test_an_engine_of_networks_is_listed() -> None:
    assert "my_runtime" in list_engines()
