"""The store's logs: what is done, what failed and why, and the time of each recording."""

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skelflow.datasets.prepare.task import RecordingStatus
from skelflow.datasets.store.store import Store
from skelflow.errors import FormatError
from skelflow.io.atomic import atomic_write, storage_errors
from skelflow.io.documents import parse_json
from skelflow.io.files import read_text
from skelflow.version import __version__

MANIFEST = "manifest.jsonl"
HISTORY = "history.jsonl"
_TOLD = {"origin", "name", "state"}


def append_history(store: Path, status: RecordingStatus, path: Path) -> None:
    """Note when the recording at a path ended, where, how, and how many seconds it took."""
    line = {
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "name": status.name,
        "origin": status.origin,
        "path": str(path),
        "state": status.state,
        "reason": status.reason,
        "seconds": status.seconds,
        "cpu_s": status.cpu_s,
        "host": status.host,
        "version": __version__,
    }
    with storage_errors(store), (store / HISTORY).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def read_places(store: Path) -> dict[str, Path]:
    """Name -> where a sequence was prepared from; earlier versions did not note it."""
    places: dict[str, Path] = {}
    with suppress(FormatError):
        for text in read_text(store / HISTORY).splitlines():
            with suppress(FormatError):
                line = parse_json(text, store / HISTORY)
                if isinstance(line, dict) and line.get("state") == "done" and "path" in line:
                    places[str(line.get("name"))] = Path(str(line["path"]))
    return places


def write_manifest(store: Store, tried: Iterable[RecordingStatus]) -> None:
    """Say how the store was made, and of every recording whether it is done or failed, and why.

    It follows from the sequences that are there and from the failures, whatever runs made them:
    equal stores have equal manifests, byte by byte. A first line holds the configuration.

    Parameters
    ----------
    store : the store.
    tried : what this run tried; failures of earlier runs stay until they are done.
    """
    failed = {line["origin"]: line for line in read_manifest(store.path) if _failed(line)}
    failed |= {one.origin: _failure(one) for one in tried if one.state == "failed"}
    lines = []
    for name in store.names():
        found = store.attributes(name)
        line = _line(name, found["origin"], "done", "", found["version"])
        lines.append(line | {"sha256": found["sha256"]})
        failed.pop(found["origin"], None)
    lines += failed.values()
    lines.sort(key=lambda line: (line["origin"], line["name"]))
    head = {"configuration": store.meta.to_json()}
    text = "".join(json.dumps(line) + "\n" for line in [head, *lines])
    with atomic_write(store.path / MANIFEST) as partial:
        partial.write_text(text, encoding="utf-8")


def read_manifest(store: Path) -> list[dict[str, Any]]:
    """The lines of all recordings; none where there is no readable manifest."""
    with suppress(FormatError):
        lines = read_text(store / MANIFEST).splitlines()
        found = [parse_json(line, store / MANIFEST) for line in lines[1:]]
        return [line for line in found if isinstance(line, dict) and line.keys() >= _TOLD]
    return []


def _failed(line: dict[str, Any]) -> bool:
    return line.get("state") == "failed"


def _failure(status: RecordingStatus) -> dict[str, Any]:
    return _line(status.name, status.origin, "failed", status.reason, __version__)


def _line(name: str, origin: str, state: str, reason: str, version: str) -> dict[str, Any]:
    return {"origin": origin, "name": name, "state": state, "reason": reason, "version": version}
