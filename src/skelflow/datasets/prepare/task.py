"""The task of a worker: prepare one recording, write it, and report its status."""

import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from skelflow.datasets.prepare.adapt import at_rate
from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.naming import check_actions
from skelflow.datasets.prepare.preprocess import prepare_sequence
from skelflow.datasets.store.store import Store, check_sequence_name
from skelflow.errors import SkelflowError, StorageError
from skelflow.pose import with_joints
from skelflow.recordings import open_recording


@dataclass(frozen=True)
class RecordingStatus:
    """What became of one recording.

    Parameters
    ----------
    name : of the recording; of its file or folder when it could not be opened.
    origin : path below the source folder.
    state : "done", "skipped" (a sequence of its name was there), "failed", or "no room": the
        store cannot be written.
    reason : why it failed, origin of the sequence that was there, or what its reader mended.
    estimated : whether its joints were estimated.
    seconds : that a worker spent.
    cpu_s : of these, seconds on a processor; the rest it waited for one, or for the disk.
    host : where.
    """

    name: str
    origin: str
    state: Literal["done", "skipped", "failed", "no room"]
    reason: str = ""
    estimated: bool = False
    seconds: float = 0.0
    cpu_s: float = 0.0
    host: str = ""


def prepare_one(path: Path, origin: str, out: Path, config: PrepareConfig) -> RecordingStatus:
    """Prepare a recording into a store; what is wrong with it is part of the status."""
    start, cpu_start = time.perf_counter(), time.process_time()
    status = _prepare(path, origin, Store.open(out), config)
    return replace(
        status,
        seconds=round(time.perf_counter() - start, 3),
        cpu_s=round(time.process_time() - cpu_start, 3),
        host=socket.gethostname(),
    )


def _prepare(path: Path, origin: str, store: Store, config: PrepareConfig) -> RecordingStatus:
    name = path.name
    try:
        recording = open_recording(path)
        name = recording.name
        check_sequence_name(name)
        if store.has(name):
            return RecordingStatus(name, origin, "skipped", store.attributes(name)["origin"])
        check_actions(recording, store)
        recording = at_rate(recording, store.meta.frame_rate_hz)
        flow = config.flow.replace(method_version=store.meta.flow.method_version)
        if store.meta.layout is not None:
            recording = with_joints(recording, config.pose, store.meta.layout)
        sequence = prepare_sequence(
            recording,
            config.replace(flow=flow),
            range_m=store.meta.flow.range_m,
            layout=store.meta.layout,
            focal_px=store.meta.focal_px,
            origin=origin,
        )
        store.write(sequence)
    except StorageError as error:
        return RecordingStatus(name, origin, "no room", str(error))
    except SkelflowError as error:
        return RecordingStatus(name, origin, "failed", str(error))
    except Exception as error:  # whatever one recording can raise ends with it
        reason = f"{path}: cannot be prepared ({type(error).__name__}: {error})"
        return RecordingStatus(name, origin, "failed", reason)
    estimated = bool(sequence.estimated_from)
    return RecordingStatus(name, origin, "done", "; ".join(recording.repairs), estimated)
