"""Scene flow in files: one pair, a whole recording, and what it amounts to."""

from skelflow.datasets.flow_files.format import FlowFile, load_flow, read_flow, save_flow

__all__ = ["FlowFile", "load_flow", "read_flow", "save_flow"]
