"""OpenVINO's files, run by OpenVINO."""

import json
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import torch

from skelflow.errors import ConfigError, WeightsError
from skelflow.extras import require
from skelflow.inference.exported.program import Program
from skelflow.io.bounds import NETWORK
from skelflow.io.files import is_file, library_path

GRAPH, WEIGHTS = "network.xml", "network.bin"
HEADER = "skelflow"  # where the header is among the model's own texts
HINTS = {"float32": "f32", "bfloat16": "bf16"}


def import_openvino() -> ModuleType:
    """OpenVINO without its telemetry, which would send an event to its makers at the import.

    Where the telemetry's package cannot be imported, OpenVINO puts a stub in its place.
    """
    require("openvino")
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return cast(ModuleType, openvino)


class OpenVino:
    """A folder of graph and weights; the header is a text in the graph."""

    name, engine, ending = "openvino", "openvino", "_openvino"
    packages: tuple[str, ...] = ("openvino",)

    def recognizes(self, path: Path) -> bool:
        """A folder with such a graph."""
        return is_file(path / GRAPH)

    def files(self, path: Path) -> tuple[Path, ...]:
        """Weights and graph."""
        return path / WEIGHTS, path / GRAPH

    def convert(self, program: Program, header: Mapping[str, str]) -> Any:
        """Of OpenVINO's own operations, the batch axis free."""
        openvino = import_openvino()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = openvino.convert_model(program.graph)
        for ports, names in ((model.inputs, program.inputs), (model.outputs, program.outputs)):
            for port, name in zip(ports, names, strict=True):
                port.get_tensor().set_names({name})
        model.reshape({name: list(sizes) for name, sizes in program.inputs.items()})
        model.set_rt_info(json.dumps(dict(header)), HEADER)
        return model

    def write(self, model: Any, path: Path) -> None:
        """Both files, weights in 32 bit."""
        path.mkdir()
        import_openvino().save_model(model, path / GRAPH, compress_to_fp16=False)

    def read(self, path: Path) -> tuple[Any, dict[str, str]]:
        """The graph with its weights, and the text in it."""
        files = [
            library_path(path / name, refusal=WeightsError, bound=NETWORK)
            for name in (GRAPH, WEIGHTS)
        ]
        model = import_openvino().Core().read_model(*files)
        return model, json.loads(model.get_rt_info(HEADER).astype(str))

    def compile(
        self, model: Any, precision: str
    ) -> Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
        """On as many threads as torch has.

        Raises
        ------
        ConfigError
            The processor does not compute in that precision.
        """
        core = import_openvino().Core()
        able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bfloat16" and "BF16" not in able:
            raise ConfigError(
                f"precision: found {precision!r}, in which this processor does not compute; "
                "expected 'float32'"
            )
        hints = {
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": HINTS[precision],
        }
        names = [output.get_any_name() for output in model.outputs]
        compiled = core.compile_model(model, "CPU", hints)  # whose outputs have further names

        def run(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            found = compiled(dict(arrays))
            return {name: np.asarray(found[number]) for number, name in enumerate(names)}

        return run
