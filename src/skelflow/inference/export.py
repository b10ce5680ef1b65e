"""A trained network as a file that other runtimes read, with all that a Recognizer needs."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from skelflow.errors import ConfigError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.exported.convert import convert
from skelflow.inference.exported.formats import Format, find_format, format_of
from skelflow.io.atomic import storage_errors, sync, temp_sibling
from skelflow.models.weights import read_header


@dataclass(frozen=True)
class Export:
    """What was written.

    Parameters
    ----------
    path : of the file or folder, which `Recognizer.load` takes.
    engine : the engine that runs it.
    difference : the largest one between its answers and torch's on noise, in parts of the largest
        answer where that is beyond 1.
    """

    path: Path
    engine: str
    difference: float


def export_network(weights: str | Path, *, to: str, out: str | Path | None = None) -> Export:
    """Write a trained network as ONNX or for OpenVINO; it was then seen to answer as torch does.

    The file answers with logits and, where the network has them, the joints' score and the
    attention mask, to batches of any size. Its header is that of the weights.

    Parameters
    ----------
    weights : run folder, weights file, or the name of bundled weights.
    to : "onnx" (one file, opset 18) or "openvino" (a folder of two files).
    out : what to write; NAME.onnx or NAME_openvino here by default, after the weights or the run.

    Raises
    ------
    WeightsError
        There are no such weights, or their network cannot be exported.
    ConfigError
        The format is unknown, the ending of `out` is another one's, or `out` is there already.
    MissingExtraError
        What makes and runs such files is not installed.
    StorageError
        It cannot be written. Nothing is left of what was begun.

    Examples
    --------
    ::

        export = export_network("synthetic-8", to="onnx")
        result = Recognizer.load(export.path).recognize("people/S001C002P001R001A023")
    """
    form = find_format(to)
    if format_of(Path(weights)) is not None:
        raise ConfigError(f"{weights}: is exported already; export the weights it was made from")
    checkpoint = Checkpoint.load(weights)
    path = Path(out) if out is not None else Path(_stem(weights) + form.ending)
    _check(path, form)
    exported, difference = convert(checkpoint.network, form, read_header(checkpoint.path))
    partial = temp_sibling(path)
    with storage_errors(path):
        try:
            exported.write(partial)
            sync([*partial.glob("*"), partial])
            partial.replace(path)
            sync([path.parent])
        finally:
            _remove(partial)
    return Export(path, form.engine, difference)


def _stem(weights: str | Path) -> str:
    """The name of a run folder, of a file, or of bundled weights."""
    path = Path(weights)
    return path.stem if path.suffix == ".safetensors" else path.absolute().name


def _check(path: Path, form: Format) -> None:
    if form.ending.startswith(".") and path.suffix != form.ending:
        raise ConfigError(f"out: found {str(path)!r}, expected a name in {form.ending}")
    if path.exists() or path.is_symlink():
        raise ConfigError(f"{path}: is there already; remove it or choose another name by out")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: its folder does not exist; create it first")


def _remove(partial: Path) -> None:
    with suppress(OSError):
        shutil.rmtree(partial) if partial.is_dir() else partial.unlink(missing_ok=True)
