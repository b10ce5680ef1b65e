"""The server: who may ask, what is answered, and what is left behind."""

import errno
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from skelflow.web import sending
from skelflow.web.limits import Limits
from tests.web.hostile import uploads
from tests.web.visitor import FRAMES, OCTETS, Visitor, serving, write_recording

DECODED = (  # refused by what decodes them; the others are in test_uploads.py
    "zip leads outside",
    "zip of nothing",
    "image without rows",
    "image without pixels",
    "frames larger than memory",
    "list that leads outside",
    "JSON without an end",
    "JSON of something else",
    "deep text",
    "HDF5 as MATLAB",
    "MATLAB cut short",
    "Matroska as AVI",
    "Matroska of nothing",
    "bag of nothing",
    "database of nothing",
    "MCAP of nothing",
    "array larger than memory",
    "pickle that runs a program",
    "pickle that fills the memory",
    "skeleton that is none",
)
LIMITS = Limits(files=50, unpacked_bytes=20 * 2**20, upload_bytes=4 * 2**20, waiting=2)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module")
def visitor(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("kept")))
        with serving(recordings, LIMITS) as address:
            yield Visitor(address)


def packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return content.getvalue()


def kept() -> list[Path]:
    """What servers of this test keep of uploads."""
    places = Path(tempfile.gettempdir()).glob("skelflow-*")
    return [path for place in places for path in place.rglob("sent*")]


def test_server_says_what_is_here(visitor: Visitor) -> None:
    here = visitor.ask("/api/overview").json
    assert here["network"] == "fused"
    assert len(here["actions"]) == 8
    assert [sample["name"] for sample in here["samples"]] == ["0"]
    assert ".zip" in here["endings"]


def test_sample_and_upload_of_it_get_the_same_answer(visitor: Visitor, recordings: Path) -> None:
    chosen = visitor.wait(visitor.choose())
    sent = visitor.wait(visitor.send("mine.zip", packed(recordings)))
    assert chosen.status == sent.status == 200
    first, second = chosen.json, sent.json
    first.pop("seconds"), second.pop("seconds")
    assert first == second
    assert kept() == []


def test_answer_has_every_part_of_the_page(visitor: Visitor) -> None:
    started = visitor.choose()
    answer, job = visitor.wait(started).json, started.json["id"]
    count = len(range(0, FRAMES - 1, 3))
    assert len(answer["times_s"]) == len(answer["probabilities"]) == count
    assert [view["name"] for view in answer["views"]] == ["depth", "scene flow", "attention"]
    assert sum(each["probability"] for each in answer["predictions"]) == pytest.approx(1, abs=0.5)
    assert np.shape(answer["skeleton"]["joints_m"]) == (
        count,
        2,
        25,
        3,
    )  # the reader leaves room for two
    assert np.shape(answer["skeleton"]["attention"]) == (count, 2, 25)
    sheet = visitor.ask(f"/api/jobs/{job}/views/0/0")
    picture = cv2.imdecode(np.frombuffer(sheet.body, np.uint8), cv2.IMREAD_COLOR)
    view = answer["views"][0]
    assert picture.shape[:2] == (view["height"], view["columns"] * view["width"])
    points = visitor.ask(f"/api/jobs/{job}/points").body
    assert len(points) == count * answer["points"] * 9
    places = np.frombuffer(points[: 6 * answer["points"]], np.int16).reshape(-1, 3)
    assert (places[:, 2] == 3000).all()  # the wall at 3 m


def test_server_is_asked_by_its_own_names_only(visitor: Visitor) -> None:
    assert visitor.ask("/api/overview", Host="evil.example").status == 421
    assert visitor.ask("/api/overview", Host="localhost:1").status == 200
    foreign = visitor.ask("/api/samples/0", "POST", Origin="http://evil.example")
    assert foreign.status == 403
    assert visitor.ask("/api/samples/0", "POST", Origin="null").status == 403
    damaged = visitor.ask("/api/samples/0", "POST", Origin="http://[")
    assert damaged.status == 403
    assert "content-security-policy" in damaged.headers


def test_server_tells_nothing_about_itself(visitor: Visitor) -> None:
    for path in ("/", "/api/overview", "/nowhere", "/api/jobs/x", "/../../etc/passwd"):
        answer = visitor.ask(path)
        assert "server" not in {name.lower() for name in answer.headers}
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert b"Traceback" not in answer.body
        assert b"/site-packages" not in answer.body


def test_answer_belongs_to_who_knows_its_name(visitor: Visitor) -> None:
    started = visitor.choose()
    assert visitor.ask("/api/jobs/another").status == 404
    visitor.wait(started)
    job = started.json["id"]
    assert visitor.ask(f"/api/jobs/{job}", "DELETE").status == 204
    assert visitor.ask(f"/api/jobs/{job}/answer").status == 404


@pytest.mark.parametrize("wrong", DECODED)
def test_hostile_upload_gets_one_sentence(visitor: Visitor, wrong: str) -> None:
    started = visitor.send(*uploads()[wrong])
    answer = visitor.wait(started) if started.status == 202 else started
    assert 400 <= answer.status < 500
    sentence = answer.json["error"]
    assert 10 < len(sentence) < 600
    assert "\n" not in sentence
    assert not re.search(r"/tmp|skelflow-|site-packages|Traceback", sentence)
    assert kept() == []


@pytest.mark.parametrize(
    ("name", "status"),
    [("a.exe", 415), ("a.zip;rm.zip", 422), ("..zip", 422), ("", 422), ("視" * 90 + ".zip", 422)],
)
def test_upload_has_a_name_that_a_recording_has(visitor: Visitor, name: str, status: int) -> None:
    assert visitor.send(name, b"x").status == status


def test_upload_that_cannot_be_written_is_refused_by_one_sentence(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(sending, "_write", lambda *_: full)
    refused = visitor.send("a.zip", bytes(2**20))
    assert refused.status == 507
    assert "no room" in refused.json["error"]
    assert kept() == []


def test_upload_is_bounded_whether_it_says_so_or_not(visitor: Visitor) -> None:
    assert visitor.send("a.zip", bytes(LIMITS.upload_bytes + 1)).status == 413
    chunks = (bytes(2**20) for _ in range(6))
    unsaid = visitor.ask("/api/recordings?name=a.zip", "POST", chunks, **OCTETS)
    assert unsaid.status == 413
    assert visitor.ask("/").status == 200


def test_server_is_busy_when_enough_wait_and_works_on(visitor: Visitor) -> None:
    answers = [visitor.choose() for _ in range(LIMITS.waiting + 3)]
    assert answers[-1].status == 503
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "busy" in answers[-1].json["error"]
    for answer in answers:
        if answer.status == 202:
            assert visitor.wait(answer).status == 200


def test_work_that_takes_too_long_is_ended(recordings: Path) -> None:
    with serving(recordings, LIMITS.replace(work_s=0.05)) as address:
        visitor = Visitor(address)
        refused = visitor.wait(visitor.choose())
    assert refused.status == 422
    assert "longer" in refused.json["error"]


def test_recording_that_needs_too_much_memory_is_refused(recordings: Path) -> None:
    with serving(recordings, LIMITS.replace(memory_bytes=2**20)) as address:
        visitor = Visitor(address)
        refused = visitor.wait(visitor.choose())
        assert refused.status == 422
        assert "/" not in refused.json["error"]
        assert visitor.ask("/api/overview").status == 200
