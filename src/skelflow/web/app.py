"""The application: the page, and the API that it uses, which others may use too."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from skelflow.web.guard import Guard
from skelflow.web.jobs import BusyError, Jobs
from skelflow.web.live.routes import live_routes
from skelflow.web.results import result_routes
from skelflow.web.samples import SampleFile
from skelflow.web.schema import Overview, Sample
from skelflow.web.sending import sending_routes
from skelflow.web.uploads.screen import known_endings

LOCAL = ("127.0.0.1", "localhost", "::1")
STATIC = Path(__file__).parent / "static"

_RETRY_S = 5


def create_app(
    jobs: Jobs,
    samples: list[SampleFile],
    *,
    network: str,
    actions: tuple[str, ...],
    weights: str,
    hosts: tuple[str, ...] = LOCAL,
) -> Guard:
    """The application, guarded.

    Parameters
    ----------
    jobs : has recordings worked on.
    samples : recordings to choose from.
    network, actions, weights : names, for the page.
    hosts : names by which it may be asked.
    """
    overview = Overview(
        network=network,
        weights=weights,
        actions=list(actions),
        samples=[Sample(name=each.name, title=each.title) for each in samples],
        endings=[".zip", *known_endings()],
        most_bytes=jobs.limits.upload_bytes,
        most_files=jobs.limits.files,
    )
    app = FastAPI(
        title="skelflow",
        version="1",
        description="Recognize actions in RGB-D recordings, and see why.",
        docs_url=None,
        redoc_url=None,
    )
    _answer_errors(app)
    app.include_router(sending_routes(jobs, samples, overview))
    app.include_router(result_routes(jobs))
    app.include_router(live_routes(jobs, samples))
    app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    return Guard(app, hosts, jobs.limits.upload_bytes)


def _answer_errors(app: FastAPI) -> None:
    """Every error is a status and one sentence, which tells nothing of this machine."""

    @app.exception_handler(HTTPException)
    async def refuse(_: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        return JSONResponse({"error": error.detail}, error.status_code, headers)

    @app.exception_handler(RequestValidationError)
    async def correct(_: Request, error: RequestValidationError) -> JSONResponse:
        where = error.errors()[0]["loc"][-1]
        return JSONResponse({"error": f"{where}: not what it should be, see /api.html"}, 422)

    @app.exception_handler(BusyError)
    async def postpone(_: Request, error: BusyError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 503, {"Retry-After": str(_RETRY_S)})

    @app.exception_handler(Exception)
    async def apologize(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"error": "something went wrong here"}, 500)
