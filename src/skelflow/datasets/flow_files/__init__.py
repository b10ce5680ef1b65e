"""Scene flow in files: format of a pair, folder of a recording, summary."""

from skelflow.datasets.flow_files.format import FlowFile, load_flow, read_flow, save_flow

__all__ = ["FlowFile", "load_flow", "read_flow", "save_flow"]
