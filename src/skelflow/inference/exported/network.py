"""A network that another runtime computes, used like one of torch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from skelflow.datasets.loading.batch import Batch
from skelflow.errors import DataError, SkelflowError, WeightsError
from skelflow.inference.exported.formats import Format, Precision, Run
from skelflow.inference.exported.program import ATTENTION, LOGITS, SCORE, input_names
from skelflow.models.base import Network
from skelflow.models.config import NetworkConfig
from skelflow.models.registry import configure
from skelflow.version import __version__

OUTPUTS = "outputs"  # the header's list of what the model answers


class ExportedNetwork(Network):
    """Answers of an exported network: logits and, where the file gives them, score and attention.

    It has no weights of its own and no features, and cannot be trained.

    Parameters
    ----------
    name, config : of the network that was exported.
    form : of the file.
    model : what `form` read or made.
    outputs : names of what it answers.
    """

    def __init__(
        self, name: str, config: NetworkConfig, form: Format, model: Any, outputs: tuple[str, ...]
    ) -> None:
        super().__init__(config)
        self.name, self.engine = name, form.engine
        self.has_score = SCORE in outputs
        self._form, self._model, self._outputs = form, model, outputs
        self._run: Run | None = None
        self._last: tuple[Batch, dict[str, Tensor]] | None = None

    def compile_for(self, precision: Precision) -> Run:
        """Make ready to answer in a precision; `MissingExtraError` without the runtime."""
        self._run, self._last = self._form.compile(self._model, precision), None
        return self._run

    def write(self, path: Path) -> None:
        """Write the file, to a path that nobody else knows yet."""
        self._form.write(self._model, path)

    def forward(self, batch: Batch) -> Float[Tensor, "b classes"]:
        """Class logits."""
        return self._answers(batch)[LOGITS]

    def features(self, batch: Batch) -> Float[Tensor, "b d"]:  # noqa: ARG002
        """`DataError`: a file has none."""
        raise DataError(
            f"{self.name}: an exported file gives answers but no features; use the weights that it "
            "was made from"
        )

    def score(self, batch: Batch) -> Float[Tensor, "b bodies joints"]:
        """Informativeness of each joint; `DataError` from a network without it."""
        return self._answers(batch)[SCORE] if self.has_score else super().score(batch)

    def attention(self, batch: Batch) -> Float[Tensor, "b l side side"] | None:
        """The mask of the first convolution; None without attention."""
        return self._answers(batch)[ATTENTION] if ATTENTION in self._outputs else None

    def _answers(self, batch: Batch) -> dict[str, Tensor]:
        """All that the file gives for a batch; those of the last batch are remembered."""
        if self._last is not None and self._last[0] is batch:
            return self._last[1]
        run = self._run or self.compile_for("float32")
        given = {name: _array(getattr(batch, name)) for name in input_names(self)}
        found = {name: torch.from_numpy(value) for name, value in run(given).items()}
        self._last = batch, found
        return found


def _array(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.numpy())


def read_exported(path: Path, form: Format) -> tuple[ExportedNetwork, dict[str, str]]:
    """The network in an exported file, and the header of the weights that it was made from.

    Raises
    ------
    WeightsError
        The file is missing, damaged, or was not written by `skelflow export`.
    MissingExtraError
        What reads such files is not installed.
    """
    try:
        model, header = form.read(path)
        config = configure(header["model"], json.loads(header["config"]))
        outputs = tuple(json.loads(header[OUTPUTS]))
    except SkelflowError:
        raise
    except Exception as error:  # of the runtimes, each has its own
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(
            f"{path}: not a whole file of `skelflow export` that skelflow {__version__} knows "
            f"({type(error).__name__}: {reason}); export the weights again"
        ) from error
    return ExportedNetwork(header["model"], config, form, model, outputs), header
