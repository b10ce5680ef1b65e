"""The WebSocket by which the page follows a recording that is replayed as from a camera."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from skelflow.web.jobs import Jobs
from skelflow.web.live.replay import TEXT, run_live
from skelflow.web.samples import SampleFile
from skelflow.web.worker import Task

_BUSY = "busy: others watch live; try again in a moment"
_ENDED = "the recording cannot be replayed within bounds"
_LARGEST_MESSAGE = 2**20
_LOOK_S = 0.2
_FAREWELL_S = 5.0  # for a last sentence to whoever does not read


def live_routes(jobs: Jobs, samples: list[SampleFile]) -> APIRouter:
    """The operation that replays a recording which is here.

    Parameters
    ----------
    jobs : starts processes, and says within which limits.
    samples : recordings to choose from.
    """
    routes, by_name = APIRouter(), {sample.name: sample for sample in samples}
    watching = asyncio.Semaphore(jobs.limits.live)

    @routes.websocket("/api/live/{name}")
    async def watch(socket: WebSocket, name: str) -> None:
        """Pictures as binary messages, the view before the JPEG; answers as JSON."""
        await socket.accept()
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            if name not in by_name:
                await socket.send_json({"failed": "there is no such recording"})
            elif watching.locked():
                await socket.send_json({"failed": _BUSY})
            else:
                async with watching:
                    await _follow(socket, jobs, by_name[name])
            await socket.close()

    return routes


async def _follow(socket: WebSocket, jobs: Jobs, sample: SampleFile) -> None:
    """Hand on what the process says until it ends or nobody looks any longer.

    Raises
    ------
    TimeoutError
        The other side does not read what is sent: it is not to be waited for.
    """
    async with _replaying(jobs, sample) as pipe:
        gone, now = asyncio.ensure_future(_gone(socket)), asyncio.get_running_loop().time
        latest = now() + jobs.limits.work_s
        try:
            while not gone.done() and now() < latest:
                message = await asyncio.to_thread(_next, pipe)
                if message is None:
                    break
                async with asyncio.timeout_at(latest):
                    if message and not await _hand_on(socket, message):
                        return
            if not gone.done():
                async with asyncio.timeout(_FAREWELL_S):
                    await socket.send_json({"failed": _ENDED})
        finally:
            gone.cancel()


async def _hand_on(socket: WebSocket, message: bytes) -> bool:
    """Whether more is to come."""
    if message[0] != TEXT:
        await socket.send_bytes(message)
        return True
    told = json.loads(message[1:])
    await socket.send_json(told)
    return "finished" not in told and "failed" not in told


async def _gone(socket: WebSocket) -> None:
    """Return when the other side has left; what it says meanwhile is not listened to."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass


def _next(pipe: Connection) -> bytes | None:
    """The next message; nothing where none comes for a moment, None where no more will come."""
    try:
        return pipe.recv_bytes(_LARGEST_MESSAGE) if pipe.poll(_LOOK_S) else b""
    except (EOFError, OSError):
        return None


@asynccontextmanager
async def _replaying(jobs: Jobs, sample: SampleFile) -> AsyncIterator[Connection]:
    """The pipe of a process that replays; the process is killed at the end of the block.

    What waits for a process or a disk is done in threads: meanwhile the server answers others.
    """
    folder = await asyncio.to_thread(_make_place)
    try:
        task = Task(jobs.weights, None, sample.path, folder, jobs.limits)
        process, pipe = await asyncio.to_thread(jobs.start, run_live, task)
        try:
            yield pipe
        finally:
            await asyncio.to_thread(_end, process, pipe)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _make_place() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="skelflow-live-"))
    (folder / "sent").mkdir()
    return folder


def _end(process: BaseProcess, pipe: Connection) -> None:
    process.kill()
    process.join()
    process.close()
    pipe.close()
