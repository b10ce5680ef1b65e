import pytest
import torch

from skelflow.errors import ConfigError
from skelflow.models.registry import create_model, list_models


def test_list_models_follows_wildcards() -> None:
    assert list_models("res_*") == ["res_tcn", "res_tcn_bjcn"]
    assert set(list_models("res_*")) <= set(list_models())
    assert list_models("nothing*") == []


@pytest.mark.parametrize("name", list_models())
def test_create_model_keeps_its_name_and_sizes(name: str) -> None:
    with torch.device("meta"):
        model = create_model(name, classes=5, joints=20, frames=50, crop=32, width=0.1)
    assert model.name == name
    assert model.config.classes == 5
    assert model.head.out_features == 5
    assert model.inputs


def test_create_model_names_the_nearest_model() -> None:
    with pytest.raises(ConfigError, match="'res_tcm'; did you mean 'res_tcn'"):
        create_model("res_tcm")


def test_create_model_names_the_nearest_option() -> None:
    with pytest.raises(ConfigError, match=r"score_layr: no such .*did you mean 'score_layer'"):
        create_model("res_tcn_bjcn", score_layr=2)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("classes", 0),
        ("dropout", "half"),
        ("width", 0.0),
        ("dropout", 1.0),
        ("joints", True),
        ("root", 25),
        ("score_layer", 5),
        ("score_layer", True),
        ("downsample", "median"),
    ],
)
def test_create_model_rejects_a_value_by_its_name(option: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{option}: found {value!r}, expected"):
        create_model("res_tcn_bjcn", **{option: value})


@pytest.mark.parametrize(
    ("width", "message"),
    [
        (40.0, r"res_tcn: .* MB of parameters, at most 4096"),
        (1e9, "res_tcn: cannot be made .* overflowed"),
    ],
)
def test_create_model_refuses_sizes_that_no_memory_holds(width: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_model("res_tcn", width=width)
