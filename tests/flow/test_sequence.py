"""The flow of a recording, frame by frame."""

from collections.abc import Iterator

import numpy as np

from skelflow.flow.api import scene_flow
from skelflow.flow.sequence import scene_flow_sequence
from skelflow.types import Camera

CAMERA = Camera.from_fov(40, 30, 62.5)


def frames(count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    gray = rng.uniform(0, 255, (30, 60)).astype(np.float32)
    for t in range(count):
        yield np.full((30, 40), 2 + 0.01 * t, np.float32), gray[:, t : t + 40]


def test_sequence_has_the_flow_of_each_pair() -> None:
    given = list(frames(4))
    flows = list(scene_flow_sequence(given, CAMERA, preset="corrected"))
    assert len(flows) == 3
    for flow, (depth0, gray0), (depth1, gray1) in zip(flows, given, given[1:], strict=False):
        alone = scene_flow(depth0, depth1, CAMERA, intensity=(gray0, gray1), preset="corrected")
        np.testing.assert_array_equal(flow, alone)


def test_sequence_takes_no_frame_before_it_is_needed() -> None:
    taken: list[int] = []

    def endless() -> Iterator[tuple[np.ndarray, None]]:
        while True:
            taken.append(len(taken))
            yield np.full((30, 40), 2.0, np.float32), None

    flows = scene_flow_sequence(endless(), CAMERA, preset="corrected")
    next(flows)
    assert len(taken) == 2
    next(flows)
    assert len(taken) == 3
