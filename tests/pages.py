"""Runs the blocks of a page of documentation, in order, in the current folder."""

import re
import shlex
from pathlib import Path

from tests.cli.test_commands import run
from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"


def run_page(name: str | Path) -> dict[str, object]:
    """The names that its Python blocks made; every `skelflow` line must end with exit code 0.

    Parameters
    ----------
    name : of a page in docs/, or the path of one; blocks without a language are not run.
    """
    page = DOCS / name
    blocks = re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert {language for language, _ in blocks} <= {"python", "sh", "text"}
    names: dict[str, object] = {}
    for language, block in blocks:
        if language == "python":
            exec(compile(block, str(page), "exec"), names)
        elif language == "sh":
            for line in block.splitlines():
                program, *words = shlex.split(line)
                assert program == "skelflow"
                assert run(*words) == 0, line
    return names
