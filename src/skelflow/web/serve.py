"""Run the server: on this machine alone unless told otherwise."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from skelflow.errors import ConfigError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.web.app import LOCAL, create_app
from skelflow.web.jobs import Jobs
from skelflow.web.limits import Limits
from skelflow.web.samples import bundled_samples, folder_samples

WEIGHTS = "synthetic-8"
_CONNECTIONS = 128


@contextmanager
def server(
    weights: str | Path = WEIGHTS,
    *,
    recordings: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    names: tuple[str, ...] = (),
    workers: int = 1,
    limits: Limits | None = None,
) -> Iterator[tuple[uvicorn.Server, socket.socket]]:
    """A server that is ready to run, and the socket that it is to listen on.

    Parameters
    ----------
    weights : a run folder, a weights file or the name of bundled weights.
    recordings : folder of recordings to choose from; the bundled ones when not given.
    host, port : where it listens; port 0 = any that is free.
    names : by which it may be asked beside those of this machine.
    workers : recordings that are worked on at the same time.
    limits : see `Limits`.

    Raises
    ------
    WeightsError
        There are no usable weights.
    ConfigError
        It cannot listen there.
    """
    checkpoint = Checkpoint.load(weights)
    if Path(weights).exists():  # "." has no name to show
        weights = Path(weights).resolve()
    samples = bundled_samples() if recordings is None else folder_samples(recordings.absolute())
    with tempfile.TemporaryDirectory(prefix="skelflow-") as folder, _listen(host, port) as ear:
        jobs = Jobs(str(weights), Path(folder), limits or Limits(), workers=workers)
        try:
            app = create_app(
                jobs,
                samples,
                network=checkpoint.network.name,
                actions=checkpoint.class_names,
                weights=Path(weights).name,
                hosts=(*LOCAL, host, *names),
            )
            config = uvicorn.Config(
                app,
                log_level="warning",
                server_header=False,
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=2,
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=2**16,  # visitors have nothing to say
                ws_ping_timeout=120,  # a machine that computes answers late
            )
            yield uvicorn.Server(config), ear
        finally:
            jobs.close()


@contextmanager
def running(runs: uvicorn.Server, ear: socket.socket) -> Iterator[str]:
    """The server in a thread of this process while the block runs; yields its address."""
    thread = threading.Thread(target=runs.run, kwargs={"sockets": [ear]}, daemon=True)
    thread.start()
    try:
        yield address(ear)
    finally:
        runs.should_exit = True
        thread.join()


def address(ear: socket.socket) -> str:
    """What to open in a browser."""
    host, port = ear.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def is_wildcard(ear: socket.socket) -> bool:
    """Whether it listens on all addresses of this machine, of which none is a name to ask by."""
    return ear.getsockname()[0] in ("0.0.0.0", "::")


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            ear.bind((host, port))
            ear.listen(_CONNECTIONS)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"{host}, port {port}: cannot listen there ({error}); choose another --port"
            ) from error
        yield ear
