"""ONNX files, run by ONNX Runtime."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from skelflow.errors import WeightsError
from skelflow.extras import require
from skelflow.inference.exported.program import Program
from skelflow.io.bounds import NETWORK
from skelflow.io.files import is_file, read_bytes

OPSET = 18


@contextmanager
def _quiet(logger_name: str) -> Iterator[None]:
    """Without what a library logs about packages that nobody needs."""
    logger = logging.getLogger(logger_name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


class Onnx:
    """One file; its header are the model's metadata."""

    name, engine, ending = "onnx", "onnxruntime", ".onnx"
    packages: tuple[str, ...] = ("onnx", "onnxscript", "onnxruntime")

    def recognizes(self, path: Path) -> bool:
        """A file that is called so."""
        return path.suffix == self.ending and is_file(path)

    def files(self, path: Path) -> tuple[Path, ...]:
        """The one file."""
        return (path,)

    def convert(self, program: Program, header: Mapping[str, str]) -> bytes:
        """Of opset 18, the batch axis free."""
        from onnx.helper import set_model_props

        with warnings.catch_warnings(), _quiet("torch.onnx"):
            warnings.simplefilter("ignore")  # of onnxscript, about its own insides
            made = torch.onnx.export(
                program.graph,
                dynamo=True,
                opset_version=OPSET,
                input_names=list(program.inputs),
                output_names=list(program.outputs),
                verbose=False,
            )
        if made is None:
            raise RuntimeError("torch.onnx.export made nothing")
        proto = made.model_proto
        set_model_props(proto, dict(header))
        return bytes(proto.SerializeToString())

    def write(self, model: bytes, path: Path) -> None:
        """As it is."""
        path.write_bytes(model)

    def read(self, path: Path) -> tuple[bytes, dict[str, str]]:
        """The bytes, and the metadata in them."""
        require("onnx")
        from onnx import ModelProto

        content = read_bytes(path, refusal=WeightsError, bound=NETWORK)
        proto = ModelProto.FromString(content)
        return content, {entry.key: entry.value for entry in proto.metadata_props}

    def compile(
        self, model: bytes, precision: str
    ) -> Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
        """On as many threads as torch has; in 32 bit, whatever is asked for is checked before."""
        del precision
        require("onnxruntime")
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return lambda arrays: dict(zip(names, session.run(names, dict(arrays)), strict=True))
