"""The page in a real browser, which asks for nothing elsewhere."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from skelflow.web.limits import Limits
from tests.browser import BROWSER
from tests.waiting import wait_for
from tests.web.visitor import Visitor, serving, write_recording

PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recordings"), frames=20)


@pytest.fixture(scope="module")
def address(recordings: Path) -> Iterator[str]:
    with serving(recordings, Limits(waiting=4)) as address:
        yield address


@contextmanager
def visiting(address: str, *, width: int = 1280, height: int = 720) -> Iterator[Page]:
    """The page; fails when it has errors or asks for anything elsewhere."""
    if BROWSER is None:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE_MS)
        elsewhere: list[str] = []
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda ask: None if ask.url.startswith(address) else elsewhere.append(ask.url),
        )
        page.goto(address)
        yield page
        assert elsewhere == []
        assert wrong == []
        browser.close()


def frames(page: Page) -> list[str]:
    """The frame that each player shows."""
    found: list[str] = page.locator("#views canvas").evaluate_all(
        "all => all.map(canvas => canvas.dataset.frame)"
    )
    return found


def picture(page: Page, selector: str) -> str:
    drawn: str = page.locator(selector).evaluate("canvas => canvas.toDataURL()")
    return drawn


def is_wider_than_the_window(page: Page) -> bool:
    wider: bool = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return wider


def wait_for_answer(page: Page) -> None:
    expect(page.locator("#answer")).to_be_visible(timeout=PATIENCE_MS)


def test_page_shows_a_sample_and_its_parts_move_together(address: str) -> None:
    with visiting(address) as page:
        page.locator("#samples button").first.click()
        expect(page.locator("#progress")).to_be_visible()
        wait_for_answer(page)
        assert frames(page) == ["0", "0", "0"]
        page.locator("#frame").fill("3")
        assert frames(page) == ["3", "3", "3"]
        assert page.locator("#time").inner_text() == "0.30 s"
        assert page.locator("#chart polyline").count() >= 5
        assert "clip 1" in page.locator("#clip").inner_text()
        before = picture(page, "#scene")
        page.locator("#scene").focus()
        page.keyboard.press("ArrowRight")
        turned = picture(page, "#scene")
        assert turned != before
        box = page.locator("#scene").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 10)
        page.mouse.up()
        assert picture(page, "#scene") != turned
        row = page.locator(".row").first
        row.click()
        assert row.get_attribute("aria-pressed") == "true"
        assert not is_wider_than_the_window(page)


def test_page_plays_to_the_end_by_key(address: str) -> None:
    with visiting(address) as page:
        page.locator("#samples button").first.click()
        wait_for_answer(page)
        page.locator("#stage").focus()
        page.keyboard.press("Space")
        last = page.locator("#frame").get_attribute("max")
        page.wait_for_function("last => document.getElementById('frame').value === last", arg=last)
        expect(page.locator("#play")).to_have_text("play")


def test_page_takes_a_folder_on_a_phone(address: str, recordings: Path) -> None:
    with visiting(address, width=390, height=844) as page:
        page.locator("#folder").set_input_files(recordings)
        wait_for_answer(page)
        assert "S001C002P003R001A058" in page.locator("#recording").inner_text()
        assert not is_wider_than_the_window(page)


def test_page_says_what_is_wrong_with_a_file(address: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no zip at all")
    with visiting(address) as page:
        page.locator("#files").set_input_files(bad)
        expect(page.locator("#status")).to_have_class("wrong", timeout=PATIENCE_MS)
        assert "damaged" in page.locator("#message").inner_text()
        shutil.rmtree(tmp_path)


def test_page_stays_stopped_and_frees_the_queue(address: str) -> None:
    held: list[Route] = []
    with visiting(address) as page:
        page.route("**/api/samples/*", lambda route: held.append(route))
        page.locator("#samples button").first.click()
        while not held:
            page.wait_for_timeout(20)
        page.locator("#cancel").click()
        with page.expect_request(lambda ask: ask.method == "DELETE"):
            held[0].continue_()
        assert page.locator("#message").inner_text() == "stopped"
        assert page.locator("#answer").is_hidden()


def test_page_that_is_left_frees_the_queue(address: str) -> None:
    with visiting(address) as page:
        with page.expect_response("**/api/samples/*") as answered:
            page.locator("#samples button").first.click()
        job = f"/api/jobs/{answered.value.json()['id']}"
        expect(page.locator("#message")).not_to_have_text("sending")
        page.goto(f"{address}api.html")
        wait_for(lambda: Visitor(address).ask(job).status == 404)


def test_page_refuses_what_is_too_large_before_it_is_read(address: str) -> None:
    asks = """async () => {
      const { check } = await import("./files.js");
      const bounds = { most_bytes: 2 ** 20, most_files: 2, endings: [".zip"] };
      const file = (name, size) => ({ name, file: { size } });
      const said = (...files) => {
        try { check(files, bounds); return ""; } catch (wrong) { return wrong.message; }
      };
      const large = [file("a.zip", 2 ** 20), file("b", 1)];
      return [said(file("a.zip", 9)), said(...large), said(file("a.exe", 9))];
    }"""
    with visiting(address) as page:
        taken, large, unknown = page.evaluate(asks)
    assert taken == ""
    assert "at most 1 MiB" in large
    assert "expected .zip" in unknown


def test_page_of_the_api_lists_its_operations(address: str) -> None:
    with visiting(address) as page:
        page.goto(f"{address}api.html")
        expect(page.locator(".operation").first).to_be_visible()
        assert "POST /api/recordings" in page.locator("#operations").inner_text()
