"""Asking for a recording: how far it is, and what was recognized."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse

from skelflow.web.answer import ANSWER, POINTS, sheet_name
from skelflow.web.jobs import Job, Jobs
from skelflow.web.schema import Answer, JobStatus, errors, status_of

Number = Annotated[int, InPath(ge=0, le=999)]
Identity = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

_ERRORS = errors(404, 422)


def result_routes(jobs: Jobs) -> APIRouter:
    """Operations on recordings that were sent."""
    routes = APIRouter(prefix="/api/jobs/{identity}")

    @routes.get("", responses=_ERRORS)
    def say_how_far(identity: Identity) -> JobStatus:
        """How far a recording is."""
        return status_of(jobs, _find(jobs, identity))

    @routes.delete("", status_code=204, responses=_ERRORS)
    def forget(identity: Identity) -> Response:
        """Stop work on a recording, and remove all that is kept of it."""
        jobs.remove(_find(jobs, identity))
        return Response(status_code=204)

    @routes.get("/answer", response_model=Answer, responses=_ERRORS)
    def get_answer(identity: Identity) -> FileResponse:
        """What was recognized, when, and by which joints; 422 and why when it could not be."""
        return _file(jobs, identity, ANSWER, "application/json")

    @routes.get("/points", response_class=FileResponse, responses=_ERRORS)
    def get_points(identity: Identity) -> FileResponse:
        """Points of every frame: x, y, z as int16 millimeters of all points, then their colors."""
        return _file(jobs, identity, POINTS, "application/octet-stream")

    @routes.get("/views/{view}/{sheet}", response_class=FileResponse, responses=_ERRORS)
    def get_sheet(identity: Identity, view: Number, sheet: Number) -> FileResponse:
        """One sheet of a view's pictures, in rows, as JPEG."""
        return _file(jobs, identity, sheet_name(view, sheet), "image/jpeg")

    return routes


def _find(jobs: Jobs, identity: str) -> Job:
    job = jobs.find(identity)
    if job is None:
        raise HTTPException(404, "there is no such recording, or no longer")
    return job


def _file(jobs: Jobs, identity: str, name: str, media_type: str) -> FileResponse:
    """A file of an answer; 422 when there is none for good, 404 when not yet."""
    job = _find(jobs, identity)
    if job.state == "failed":
        raise HTTPException(422, job.error)
    path = job.folder / name
    if job.state != "done" or not path.is_file():
        raise HTTPException(404, "that is not there, or not yet")
    return FileResponse(path, media_type=media_type)
