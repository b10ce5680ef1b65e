"""From a network of torch to an exported one that was seen to answer alike."""

import json
from collections.abc import Mapping

import torch

from skelflow.errors import SkelflowError, WeightsError
from skelflow.extras import require
from skelflow.inference.exported.formats import Format
from skelflow.inference.exported.network import OUTPUTS, ExportedNetwork
from skelflow.inference.exported.program import answer, example_batch, record
from skelflow.models.base import Network

TOLERANCE = 1e-5  # of answers up to 1, beyond it of the largest one
COUNTS = (1, 4)  # samples in the batches that are compared


def convert(
    network: Network, form: Format, header: Mapping[str, str] | None = None
) -> tuple[ExportedNetwork, float]:
    """Record and convert a network, and compare its answers with torch's.

    Parameters
    ----------
    network : of torch, in evaluation mode, on the processor.
    form : to convert to.
    header : texts that go into the file; None = it is for no file, and gives logits alone.

    Returns
    -------
    network : not written yet.
    difference : the largest one between an answer and torch's, in parts of the largest answer
        where that is beyond 1.

    Raises
    ------
    WeightsError
        The network cannot be converted, or answers otherwise than by torch.
    MissingExtraError
        A package for the conversion is not installed.
    """
    require(*form.packages)
    where = f"{network.name}: cannot be exported to {form.name}"
    try:
        program = record(network, logits_only=header is None)
        outputs = program.outputs
        model = form.convert(program, {**(header or {}), OUTPUTS: json.dumps(outputs)})
        exported = ExportedNetwork(network.name, network.config, form, model, outputs)
        difference = _largest_difference(network, exported, outputs)
    except SkelflowError:
        raise
    except Exception as error:  # of three converters, each has its own
        lines = str(error).strip().splitlines() or [""]
        raise WeightsError(
            f"{where} ({type(error).__name__}: {lines[0][:200]}); a network of one's own must be "
            "one that torch.export reads"
        ) from error
    if not difference <= TOLERANCE:
        raise WeightsError(
            f"{where}: the exported network's answers differ by {difference:.1e} from torch's, "
            f"expected at most {TOLERANCE:.0e}; nothing was written"
        )
    return exported, difference


@torch.inference_mode()
def _largest_difference(network: Network, exported: Network, outputs: tuple[str, ...]) -> float:
    found = 0.0
    for count in COUNTS:
        batch = example_batch(network, count, seed=count)
        for name in outputs:
            expected, given = (answer(each, name, batch) for each in (network, exported))
            if expected.shape != given.shape:
                return torch.inf
            scale = max(1.0, float(expected.abs().max()))
            gap = float((given - expected).abs().max()) / scale
            found = gap if not gap <= found else found  # nan counts
    return found
