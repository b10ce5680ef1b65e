"""Learning curves: a picture after each epoch, or nothing."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from skelflow.cli.loggers import make_logger
from skelflow.extras import MissingExtraError

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


def test_none_writes_nothing(tmp_path: Path) -> None:
    make_logger("none", tmp_path)(EPOCHS[0])
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="tensorboard is installed")
def test_a_missing_tensorboard_names_its_extra(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"skelflow\[tensorboard\]"):
        make_logger("tensorboard", tmp_path)
