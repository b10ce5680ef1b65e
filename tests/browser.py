"""A page in a real browser, which may ask for nothing but the page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def open_page(path: Path) -> Iterator[Page]:
    """The page; fails when it has errors or asks for anything else. Skips without a browser."""
    if BROWSER is None:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda ask: None if ask.url.startswith("data:") else wrong.append(ask.url),
        )
        page.goto(path.as_uri())
        yield page
        assert wrong == [path.as_uri()]
        browser.close()
