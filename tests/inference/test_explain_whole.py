"""Clips that spread over the whole recording are no parts of its time."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelflow.datasets.loading.sampling import Clip
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.inference import Explanation, Recognizer
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.explain import probabilities_by_frame
from skelflow.models.registry import create_model
from skelflow.viz.page import WHOLE, Case, describe_case
from skelflow.web.answer import ANSWER, write_answer
from tests.tiny_flow import recording
from tests.tiny_store import make_tiny_store

FRAMES, SETS, SIDE, RANGE_M = 20, 2, 16, 0.05


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A network that reads two sets of eight of the 19 pairs."""
    meta = make_tiny_store(tmp_path_factory.mktemp("store") / "s.zarr").meta
    flow = meta.flow.replace(crop=(64, 48), size=(32, 24), range_m=RANGE_M, stride=1)
    network = create_model("c3d", classes=2, width=0.02, crop=SIDE, clip_length=8).eval()
    whole = Checkpoint(Path("x"), network, replace(meta, flow=flow), (1, 2), "p", (), 1, "cut")
    return replace(whole, sampling="whole", sets=SETS)


@pytest.fixture(scope="module")
def explanation(checkpoint: Checkpoint) -> Explanation:
    return Recognizer(checkpoint).explain(recording(FRAMES))


def test_every_frame_has_the_mean_answer_to_all_sets(explanation: Explanation) -> None:
    sets = [Clip(0, 0, 0, spread=(0, 2)), Clip(0, 1, 0, spread=(1, 3))]
    answers = torch.tensor([[0.25, 0.75], [0.75, 0.25]])
    np.testing.assert_array_equal(probabilities_by_frame(sets, answers, 2), [[0.5, 0.5]] * 4)
    parts = [Clip(0, 0, 0), Clip(0, 2, 0)]
    found = probabilities_by_frame(parts, answers, 2)
    np.testing.assert_array_equal(found, answers.repeat_interleave(2, dim=0))
    assert len(explanation.clip_probabilities) == SETS
    assert explanation.probabilities.shape == (len(explanation.times), 2)
    assert explanation.clips == ()


def test_frames_that_were_read_are_shown_with_their_own_flow(
    checkpoint: Checkpoint, explanation: Explanation
) -> None:
    assert len(explanation.times) == 8 * SETS < FRAMES - 1
    config = PrepareConfig(flow=checkpoint.meta.flow)
    focal_px = checkpoint.focal_px
    flow = prepare_sequence(recording(FRAMES), config, range_m=RANGE_M, focal_px=focal_px).flow
    seen = flow[list(explanation.times), 4 : 4 + SIDE, 8 : 8 + SIDE]
    np.testing.assert_array_equal(explanation.flow, seen)


def test_pages_say_so_and_draw_no_lanes(explanation: Explanation, tmp_path: Path) -> None:
    assert describe_case(Case(recording(FRAMES), explanation))["curves_note"] == WHOLE
    write_answer(recording(FRAMES), explanation, None, tmp_path)
    answer = json.loads((tmp_path / ANSWER).read_text())
    assert answer["clips"] == []
    assert WHOLE in answer["repairs"]
