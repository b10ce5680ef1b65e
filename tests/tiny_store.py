"""A store of a few small sequences, for tests that train."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.store.store import PreparedSequence, Store, StoreMeta
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Labels


def make_tiny_store(
    path: Path,
    *,
    source: str = "utd_mhad",
    layout: str | None = "kinect_v1",
    subjects: Sequence[int] = (1, 3, 5, 7, 2),
    actions: Sequence[int] = (1, 2),
    frames: int = 25,
) -> Store:
    """One sequence for each subject and action; each action moves its own way."""
    joints = 20 if layout is None else len(find_layout(layout))
    meta = StoreMeta(
        source=source,
        layout=layout,
        flow=FlowSettings(crop=(40, 36), size=(20, 18), intensity="none", range_m=0.1),
        class_names={1: "wave", 2: "bowl"},
    )
    store = Store.create(path, meta)
    random = np.random.default_rng(0)
    for subject in subjects:
        for action in actions:
            name = f"S001C001P{subject:03d}R001A{action:03d}"
            store.write(_sequence(name, subject, action, joints, frames, layout, random))
    return store


def _sequence(
    name: str,
    subject: int,
    action: int,
    joints: int,
    frames: int,
    layout: str | None,
    random: np.random.Generator,
) -> PreparedSequence:
    bodies, count = int(layout is not None), len(range(0, frames - 1, 3))
    joints_m = random.normal(0, 0.1, (frames, bodies, joints, 3)).astype(np.float32)
    joints_m[..., 0] += np.sin(np.arange(frames) * action / 3)[:, None, None]
    flow = random.integers(98, 158, (count, 18, 20, 3), dtype=np.uint8)
    flow[..., action % 3] += np.uint8(60)
    return PreparedSequence(
        name=name,
        flow=flow,
        joints_px=random.uniform(0, 18, (count, bodies, joints, 2)).astype(np.float32),
        joints_m=joints_m,
        range_m=0.1,
        layout=layout,
        labels=Labels(action=action, subject=subject, camera=1, setup=1, replication=1),
    )
