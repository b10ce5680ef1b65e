"""ONNX Runtime, on the processor."""

import torch

from skelflow.inference.engines.compiled import Engine, run_exported
from skelflow.inference.exported.formats import find_format
from skelflow.models.base import Network


def run_by_onnxruntime(network: Network, device: torch.device) -> Engine:
    """In 32 bit; what ONNX Runtime has for the processor knows no convolution in bfloat16."""
    return run_exported(network, device, find_format("onnx"), "float32")
