"""The page's live stream: pictures and answers as frames come, to those who may ask."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from skelflow.web.limits import Limits
from skelflow.web.live.replay import FLOW, IMAGE
from tests.waiting import PATIENCE_S, wait_for
from tests.web.test_page import visiting
from tests.web.visitor import serving, write_recording

FRAMES = 24


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = write_recording(tmp_path_factory.mktemp("recordings"), frames=FRAMES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("kept")))
        with serving(folder, Limits(live=1)) as address:
            yield address


def live(address: str, name: str = "0", **options: object) -> ClientConnection:
    where = f"{address.replace('http', 'ws')}api/live/{name}"
    return connect(where, proxy=None, open_timeout=PATIENCE_S, ping_interval=None, **options)  # type: ignore[arg-type]


def test_stream_gives_pictures_and_answers_and_counts_what_it_dropped(address: str) -> None:
    told, pictures = [], {IMAGE: 0, FLOW: 0}
    with live(address) as stream:
        for message in stream:
            if isinstance(message, bytes):
                image = cv2.imdecode(np.frombuffer(message[1:], np.uint8), cv2.IMREAD_COLOR)
                assert image.shape[2] == 3
                pictures[message[0]] += 1
            else:
                told.append(json.loads(message))
    assert told[0]["begins"]["recording"].startswith("S001C002")
    answers = [each["answer"] for each in told if "answer" in each]
    assert answers[-1]["end_s"] == pytest.approx(FRAMES / 30)
    assert answers[-1]["latency_s"] >= 0
    assert sum(told[-1]["finished"].values()) == FRAMES
    assert min(pictures.values()) >= 1


def test_stream_ends_with_who_watches_and_leaves_nothing(address: str) -> None:
    with live(address) as stream:
        assert "begins" in json.loads(stream.recv(PATIENCE_S))
        with live(address) as other:
            assert "busy" in json.loads(other.recv(PATIENCE_S))["failed"]
    with live(address, "nowhere") as stream:
        assert "no such recording" in json.loads(stream.recv(PATIENCE_S))["failed"]
    places = Path(tempfile.gettempdir())  # removed once the process is dead
    wait_for(lambda: not list(places.glob("skelflow-live-*")))


def test_stream_is_not_for_pages_of_other_places(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        live(address, origin="http://evil.example")
    assert refused.value.response.status_code == 403


def test_page_shows_answers_while_frames_come(address: str) -> None:
    with visiting(address) as page:
        page.locator("#samples button", has_text="live").first.click()
        expect(page.locator("#live-facts")).to_contain_text("over:", timeout=1000 * PATIENCE_S)
        assert "%" in page.locator("#live-action").inner_text()
        assert page.locator("#live-chart polyline").count() >= 2
        drawn = page.locator("#live-flow").evaluate("canvas => canvas.width")
        assert drawn > 1
        page.locator("#live-stop").click()
        expect(page.locator("#live")).to_be_hidden()
