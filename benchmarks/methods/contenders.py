"""Every method the flow benchmark compares, ours and the peers, called alike."""

import functools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks.methods.peers import PEERS, Method, is_available
from benchmarks.scenes.render import Scene
from skelflow.flow.api import scene_flow
from skelflow.flow.presets import PRESETS
from skelflow.types import Camera

OURS = tuple(PRESETS)
METHODS = (*OURS, *PEERS)


def find_method(name: str, threads: int) -> Method:
    """The method as a function of two images, two depths and a camera, on so many threads."""
    return functools.partial(_solve, preset=name, threads=threads) if name in OURS else PEERS[name]


def is_here(name: str) -> bool:
    """Whether this installation can run it."""
    return name in OURS or is_available(name)


def bind(name: str, scene: Scene, threads: int) -> Callable[[], np.ndarray]:
    """One call of one method on one scene, to be made as often as wanted."""
    cv2.setNumThreads(threads)
    frames = scene.intensity0, scene.depth0, scene.intensity1, scene.depth1
    return functools.partial(find_method(name, threads), *frames, scene.camera)


def _solve(
    gray0: np.ndarray | None,
    depth0: np.ndarray,
    gray1: np.ndarray | None,
    depth1: np.ndarray,
    camera: Camera,
    **settings: Any,
) -> np.ndarray:
    gray = None if gray0 is None or gray1 is None else (gray0, gray1)
    return scene_flow(depth0, depth1, camera, intensity=gray, **settings)
