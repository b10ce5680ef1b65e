"""The command that writes networks for other runtimes."""

from pathlib import Path
from typing import Literal

from skelflow.cli.app import app, say


@app.command
def export(weights: str, *, to: Literal["onnx", "openvino"], out: Path | None = None) -> None:
    """Write a trained network as ONNX or for OpenVINO, after a look that it answers as torch does.

    The file says everything that the weights say; predict, evaluate, explain, live and serve take
    it in place of weights.

    Example:  skelflow export synthetic-8 --to openvino

    Parameters
    ----------
    weights
        Folder made by `skelflow train`, a weights file, or the name of bundled weights.
    to
        onnx: one file, run by ONNX Runtime and others. openvino: a folder of two files.
    out
        File or folder to write; NAME.onnx or NAME_openvino here when not given.
    """
    from skelflow.inference.export import export_network

    made = export_network(weights, to=to, out=out)
    say(
        f"{made.path}: answers as torch does, to {made.difference:.1e} of the largest answer; "
        f"run by {made.engine}"
    )
