"""OpenVINO, on the processor."""

import torch

from skelflow.inference.engines.compiled import Engine, run_exported
from skelflow.inference.exported.formats import Precision, find_format
from skelflow.models.base import Network


def run_by_openvino(
    network: Network, device: torch.device, precision: Precision = "float32"
) -> Engine:
    """In 32 bit, or where the processor knows it in bfloat16."""
    return run_exported(network, device, find_format("openvino"), precision)
