"""Pages whose blocks run as they stand, in order."""

import re
import shlex
from pathlib import Path

from tests.test_cli import run

DOCS = Path(__file__).resolve().parents[1] / "docs"


def run_page(name: str) -> dict[str, object]:
    """Run a page's `sh` and `python` blocks in the working folder; returns Python's names."""
    page, names = DOCS / name, {}
    blocks = re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert {language for language, _ in blocks} == {"python", "sh"}
    for language, block in blocks:
        if language == "python":
            exec(compile(block, str(page), "exec"), names)
            continue
        for line in block.splitlines():
            program, *words = shlex.split(line)
            assert program == "skelflow"
            assert run(*words) == 0, line
    return names
