"""Sending a recording, or choosing one that is here."""

import asyncio
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi import Path as InPath
from starlette.requests import ClientDisconnect

from skelflow.web.guard import READ_ON
from skelflow.web.jobs import Job, Jobs
from skelflow.web.samples import SampleFile
from skelflow.web.schema import JobStatus, Overview, errors, status_of
from skelflow.web.uploads.screen import known_endings

_FILE_NAME = re.compile(r"[\w\-. ()]+")
_NAME_BYTES = 200  # file systems take 255

_log = logging.getLogger("skelflow.web")
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": _BYTES}}
}


def sending_routes(jobs: Jobs, samples: list[SampleFile], overview: Overview) -> APIRouter:
    """Operations that begin work on a recording.

    Parameters
    ----------
    jobs : has recordings worked on.
    samples : recordings to choose from.
    overview : what `GET /api/overview` answers.
    """
    routes = APIRouter(prefix="/api")
    by_name = {sample.name: sample for sample in samples}

    @routes.get("/overview")
    def say_what_is_here() -> Overview:
        """What network answers, and which recordings are here to choose."""
        return overview

    @routes.post("/samples/{name}", status_code=202, responses=errors(404, 422, 503, 507))
    def recognize_sample(name: Annotated[str, InPath(max_length=200)]) -> JobStatus:
        """Recognize a recording that is here already."""
        sample = by_name.get(name)
        if sample is None:
            raise HTTPException(404, "there is no such recording")
        with _refused_when_full():
            job = jobs.open(sample.title, sample.path)
        jobs.submit(job)
        return status_of(jobs, job)

    @routes.post(
        "/recordings",
        status_code=202,
        responses=errors(400, 408, 413, 415, 422, 503, 507),
        openapi_extra=_BODY,
    )
    async def recognize_upload(
        request: Request, name: Annotated[str, Query(min_length=1, max_length=300)]
    ) -> JobStatus:
        """Recognize a recording: a .zip of its files, or its only file, as the body."""
        file_name = _file_name(name)
        with _refused_when_full():
            job = await asyncio.to_thread(jobs.open, file_name)
        try:
            with _refused_when_full():
                await _receive(request, job, file_name, jobs)
        except BaseException:
            jobs.remove(job)
            raise
        jobs.submit(job)
        return status_of(jobs, job)

    return routes


def _file_name(name: str) -> str:
    """The name of a file, without any folder; refused unless its ending is one of a recording."""
    last = re.split(r"[/\\]", name)[-1]
    if Path(last).suffix.lower() not in (".zip", *known_endings()):
        raise HTTPException(415, f"expected a .zip, or a file with {', '.join(known_endings())}")
    if not _FILE_NAME.fullmatch(last) or last.startswith("."):
        raise HTTPException(422, "the file's name has signs that no recording's has; rename it")
    if len(last.encode()) > _NAME_BYTES:
        raise HTTPException(422, "the file's name is too long to be kept; rename it")
    return last


@contextmanager
def _refused_when_full() -> Iterator[None]:
    """Answer 507 where what is sent cannot be written."""
    try:
        yield
    except OSError as error:
        _log.warning("a recording could not be kept: %s", error)
        raise HTTPException(
            507, "there is no room here to keep a recording; try again later"
        ) from error


async def _receive(request: Request, job: Job, name: str, jobs: Jobs) -> None:
    """Write the body to the job's folder, block by block, within bounds of size and time.

    A body that is too large, or cannot be written, is read on for a while, and thrown away: see
    `READ_ON`.
    """
    packed = name.lower().endswith(".zip")
    job.sent = job.folder / "sent.zip" if packed else job.folder / "sent" / name
    limits, written = jobs.limits, 0
    latest, trouble = time.monotonic() + limits.upload_s, None
    with job.sent.open("wb", buffering=0) as file:
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + limits.upload_s):
                async for block in request.stream():
                    written += len(block)
                    if written > READ_ON * limits.upload_bytes:
                        break
                    if written <= limits.upload_bytes and trouble is None:
                        trouble = await asyncio.to_thread(_write, file, block)
        except TimeoutError:
            raise HTTPException(408, "sending took too long") from None
        except ClientDisconnect:
            raise HTTPException(400, "the connection ended early") from None
    if trouble is not None:
        raise trouble
    if written > limits.upload_bytes:
        raise HTTPException(413, "too large to be sent")
    if not written or time.monotonic() > latest:
        raise HTTPException(400, "nothing was sent")


def _write(file: FileIO, block: bytes) -> OSError | None:
    """Write all of a block; what is wrong where that is impossible."""
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        return error
    return None
