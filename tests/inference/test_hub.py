"""Weights go to a folder of the hub, whole and in one file, and come back from it."""

from pathlib import Path

import pytest
import torch

from skelflow import Recognizer
from skelflow.errors import WeightsError
from skelflow.inference.exported.program import example_batch
from skelflow.inference.hub import FILE
from skelflow.models.weights import PARTS, RESERVED, read_header


def test_weights_go_to_a_hub_folder_and_come_back(tmp_path: Path) -> None:
    recognizer = Recognizer.load("synthetic-8")
    recognizer.save_pretrained(tmp_path)
    back = Recognizer.from_pretrained(str(tmp_path))
    assert back.checkpoint.sha256() == recognizer.checkpoint.sha256()
    assert back.checkpoint.class_names == recognizer.checkpoint.class_names
    (tmp_path / FILE).unlink()
    with pytest.raises(WeightsError, match=r"holds no model\.safetensors"):
        Recognizer.from_pretrained(str(tmp_path))


def test_weights_with_parts_in_others_go_to_the_hub_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Recognizer.load("utd-mhad").checkpoint
    Recognizer(ours).save_pretrained(tmp_path)
    monkeypatch.setattr("skelflow.weights.bundled_names", tuple)  # as another release may have
    theirs = Recognizer.from_pretrained(str(tmp_path)).checkpoint
    own, found = (read_header(checkpoint.path) for checkpoint in (ours, theirs))
    assert found.keys() == own.keys() - {PARTS}
    assert all(found[key] == own[key] for key in found.keys() - set(RESERVED))
    batch = example_batch(ours.network, 2)
    with torch.inference_mode():
        assert torch.equal(theirs.network(batch), ours.network(batch))
