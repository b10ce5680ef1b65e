"""Networks leave PyTorch's eager mode with the same answers, for batches of any size."""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.export import Dim, export

from skelflow.datasets.loading.batch import Batch
from skelflow.models.base import Network
from skelflow.models.registry import create_model
from tests.models.test_fusion import FLOW, SKELETON, SMALL, make_batch
from tests.unchecked import unchecked_types

FUSED = {**SMALL, "center": "root", "preserve_rms": True}
OPTIONS: dict[str, dict[str, Any]] = {
    "res_tcn_bjcn": {**SKELETON, "width": 0.125, "center": "root"},
    "gcn": {**SKELETON, "width": 0.25, "bones": ((0, 1), (1, 2))},
    "c3d": {**FLOW, "classes": 3},
    "c3d_at1": {**FLOW, "classes": 3, "preserve_rms": True},
    "c3d_at2": FUSED,
    "i3d_at1": {"width": 1 / 16, "clip_length": 8, "crop": 32, "classes": 3},
    "fused": FUSED,
    "gated": {**FUSED, "name": "fused", "fusion": "gated"},
    "frames weighed": {**FUSED, "name": "c3d_at2", "time_attention": True},
}


PARAMETERS = [
    pytest.param(name, marks=pytest.mark.slow if name == "c3d_at2" else ())  # fused has its parts
    for name in OPTIONS
]


@pytest.fixture(autouse=True)
def _shapes_unchecked() -> Iterator[None]:
    """Checks of shapes at run time look into what is only being recorded."""
    with unchecked_types():
        yield


def network(name: str) -> Network:
    torch.manual_seed(0)
    return create_model(**{"name": name, **OPTIONS[name]}).eval()


@pytest.mark.parametrize("name", PARAMETERS)
def test_export_answers_as_the_network_for_batches_of_any_size(name: str) -> None:
    model, batch = network(name), Dim("batch", min=1, max=64)
    sizes = Batch(*({0: batch} for _ in Batch._fields))
    program = export(model, (make_batch(3),), dynamic_shapes=(sizes,))
    for count in (1, 3, 5):
        given = make_batch(count)
        with torch.no_grad():
            torch.testing.assert_close(program.module()(given), model(given), rtol=0, atol=1e-5)


class Plain(torch.nn.Module):
    """A network that takes tensors one by one, since the tracer knows no named tuple."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model

    def forward(self, *tensors: Tensor) -> Tensor:
        return self.model(Batch(*tensors))


@pytest.mark.parametrize("name", OPTIONS)
def test_trace_answers_as_the_network_for_other_joints(name: str) -> None:
    model = network(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's, about sizes that are checked
        traced = torch.jit.trace(Plain(model), tuple(make_batch(3)), check_trace=False)
    for count in (3, 5):
        given = make_batch(count)
        with torch.no_grad():
            torch.testing.assert_close(traced(*given), model(given), rtol=0, atol=1e-5)
