"""The documentation's site: every page is in its menu, every reference names a module."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.pages import DOCS, run_page

MENU = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8").split("nav:")[1]
REFERENCES = [
    module
    for page in sorted((DOCS / "reference").glob("*.md"))
    for module in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
]


def test_site_menu_has_every_page() -> None:
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert set(re.findall(r": (\S+\.md)$", MENU, re.MULTILINE)) == pages


@pytest.mark.parametrize("module", REFERENCES)
def test_site_reference_names_a_module_with_a_docstring(module: str) -> None:
    assert import_module(module).__doc__


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_site_page_links_to_files_that_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_weights_page_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("weights.md")
