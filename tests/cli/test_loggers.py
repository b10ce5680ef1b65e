"""Learning curves: a picture after each epoch, or nothing."""

import json
import math
from importlib.util import find_spec
from pathlib import Path

import pytest

from skelflow.cli.loggers import make_logger
from skelflow.extras import MissingExtraError
from skelflow.training.state import RunFolder
from skelflow.viz.curves import save_curves

EPOCHS = [
    {"epoch": 1, "loss": 2.0, "top1": 0.2, "held_out_top1": 0.1, "lr": 1e-2, "kept": True},
    {"epoch": 2, "loss": 1.0, "top1": 0.6, "held_out_top1": 0.5, "lr": 1e-3, "kept": True},
]


def test_a_picture_is_drawn_after_each_epoch(tmp_path: Path) -> None:
    log = make_logger("picture", tmp_path)
    sizes = []
    for count in (1, 2):
        text = "".join(json.dumps(line) + "\n" for line in EPOCHS[:count])
        (tmp_path / "metrics.jsonl").write_text(text)
        log(EPOCHS[count - 1])
        sizes.append((tmp_path / "curves.png").read_bytes())
    assert sizes[0].startswith(b"\x89PNG")
    assert sizes[0] != sizes[1]


def test_a_loss_that_is_not_finite_is_no_point_of_its_curve(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for line in (EPOCHS[0] | {"held_out_loss": 2.5}, EPOCHS[1] | {"held_out_loss": math.nan}):
        folder.append(line)
        make_logger("picture", tmp_path)(line)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    save_curves([EPOCHS[0] | {"held_out_loss": 2.5}, EPOCHS[1]], tmp_path / "expected.png")
    assert (tmp_path / "curves.png").read_bytes() == (tmp_path / "expected.png").read_bytes()


def test_none_writes_nothing(tmp_path: Path) -> None:
    make_logger("none", tmp_path)(EPOCHS[0])
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="tensorboard is installed")
def test_a_missing_tensorboard_names_its_extra(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"skelflow\[tensorboard\]"):
        make_logger("tensorboard", tmp_path)
