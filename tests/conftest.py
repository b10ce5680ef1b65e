"""What tests share: no network, no time asserted, the folder of real data or a reason to skip."""

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SKELFLOW_DATA", REPOSITORY.parent / "shared" / "data"))

hypothesis.settings.register_profile("any machine", deadline=None)  # busy ones are slow
hypothesis.settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"tests must not use the network, asked for {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_locally)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real recordings; absent on most machines."""
    if not DATA.is_dir():
        pytest.skip(f"no real data at {DATA} (set SKELFLOW_DATA to its folder)")
    return DATA


@pytest.fixture(scope="session")
def scheduler() -> Iterator[str]:
    """Address of a dask scheduler with one worker."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        memory_limit=None,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster.scheduler_address
