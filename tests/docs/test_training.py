"""The examples of docs/training.md run as they stand, in order."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "training.md"
LAUNCHER = {"torchrun": "torch.distributed.run"}


def test_training_page_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert {language for language, _ in blocks} == {"python", "sh", "text"}
    names: dict[str, object] = {}
    for language, block in blocks:
        if language == "python":
            exec(compile(block, str(PAGE), "exec"), names)
        for line in block.splitlines() if language == "sh" else ():
            program, *words = shlex.split(line)
            if program == "skelflow":
                assert run(*words) == 0, line
            else:
                start = [sys.executable, "-m", LAUNCHER[program], *words]
                environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
                subprocess.run(start, check=True, env=environment, timeout=300)
    said = capfd.readouterr().out
    assert said.count("epoch 2, chosen by last epoch") == 5  # of which one is a run that was done
    assert said.count("top-1") == 2
    listed = set(re.findall(r"^\| `([\w.]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    made = {file.name for file in Path("runs/small").iterdir() if not file.name.startswith(".")}
    assert made == listed | {"evaluation"}
