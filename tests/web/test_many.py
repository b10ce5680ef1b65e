"""Many visitors, and many hostile uploads: minutes, not seconds."""

import importlib.util
import io
import threading
import time
import zipfile
from pathlib import Path

import psutil
import pytest

from skelflow.web.limits import Limits
from tests.conftest import REPOSITORY
from tests.web.visitor import Visitor, serving, write_recording

pytestmark = pytest.mark.slow

HOSTILE = REPOSITORY.parent / "shared" / "cases" / "hostile"
USERS, SECONDS = 10, 120


def hostile_uploads(folder: Path) -> dict[str, bytes]:
    """Cases of recordings, each as a .zip; skips where the corpus is not there."""
    if not (HOSTILE / "corpus.py").is_file():
        pytest.skip(f"no hostile cases at {HOSTILE}")
    spec = importlib.util.spec_from_file_location("corpus", HOSTILE / "corpus.py")
    assert spec is not None and spec.loader is not None
    corpus = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(corpus)
    found: dict[str, bytes] = {}
    for case in corpus.cases():
        if case.group not in "abcde" or case.want != "reject" or len(found) >= 80:
            continue
        place = folder / f"{case.group}_{case.name}"
        place.mkdir()
        try:
            case.build(place)
            found[place.name] = zipped(place)
        except (FileNotFoundError, OSError):
            continue  # made from data that is not here
    return found


def zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return content.getvalue()


def test_sixty_hostile_uploads_are_each_refused_in_time(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    cases = hostile_uploads(tmp_path / "cases")
    assert len(cases) >= 60
    slow, taken = [], []
    with serving(write_recording(tmp_path / "here"), Limits()) as address:
        visitor = Visitor(address)
        visitor.wait(visitor.choose())
        for name, content in cases.items():
            began = time.monotonic()
            started = visitor.send("case.zip", content)
            answer = visitor.wait(started) if started.status == 202 else started
            if not 400 <= answer.status < 500:
                taken.append(name)
                continue
            assert "\n" not in answer.json["error"]
            assert "/tmp" not in answer.json["error"]
            if time.monotonic() - began > 5:
                slow.append(name)
        assert visitor.wait(visitor.choose()).status == 200
    assert (taken, slow) == ([], [])


def test_ten_users_at_once_get_their_own_answers(tmp_path: Path) -> None:
    names = [f"S001C002P{user:03d}R001A058" for user in range(1, USERS + 1)]
    for name in names:
        write_recording(tmp_path / "here", name, frames=5)
    wrong: list[str] = []
    answered = [0] * USERS
    process = psutil.Process()

    def use(user: int, latest: float) -> None:
        visitor = Visitor(address)
        while time.monotonic() < latest:
            started = visitor.choose(str(user))
            if started.status == 503:
                time.sleep(0.5)
                continue
            answer = visitor.wait(started)
            if answer.status != 200 or answer.json["recording"] != names[user]:
                wrong.append(f"{names[user]}: {answer.status} {answer.body[:200]!r}")
            answered[user] += 1

    with serving(tmp_path / "here", Limits(kept=8)) as address:
        visitor = Visitor(address)
        visitor.wait(visitor.choose())
        before = process.memory_info().rss
        latest = time.monotonic() + SECONDS
        threads = [threading.Thread(target=use, args=(user, latest)) for user in range(USERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        grown = process.memory_info().rss - before
    assert wrong == []
    assert min(answered) >= 1
    assert grown < 100 * 2**20
