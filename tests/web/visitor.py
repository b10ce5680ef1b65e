"""A server in this process, and a visitor who asks it."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from skelflow.web.limits import Limits
from skelflow.web.serve import running, server
from tests.tiny_ntu import NAME, one_person, write_depth, write_skeleton
from tests.waiting import PATIENCE_S, wait_for

FRAMES = 8
OCTETS = {"Content-Type": "application/octet-stream"}


def write_recording(folder: Path, name: str = NAME, frames: int = FRAMES) -> Path:
    """A tiny recording of NTU RGB+D, as the bundled network reads it."""
    write_skeleton(folder, one_person(frames), name=name)
    write_depth(folder / "nturgb+d_depth" / name, frames, mm=3000)
    return folder


@contextmanager
def serving(recordings: Path, limits: Limits | None = None) -> Iterator[str]:
    """The address of a server, stopped at the end."""
    with (
        server(recordings=recordings, limits=limits) as (runs, ear),
        running(runs, ear) as address,
    ):
        yield address


@dataclass
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """Asks one server."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {**self.headers, **headers})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def choose(self, name: str = "0") -> Answer:
        return self.ask(f"/api/samples/{name}", "POST")

    def send(self, name: str, content: bytes) -> Answer:
        return self.ask(f"/api/recordings?name={quote(name)}", "POST", content, **OCTETS)

    def wait(self, started: Answer) -> Answer:
        """The answer, once it is there or refused."""
        assert started.status == 202, started.body
        job = started.json["id"]
        wait_for(lambda: self.ask(f"/api/jobs/{job}").json["state"] in ("done", "failed"))
        return self.ask(f"/api/jobs/{job}/answer")
