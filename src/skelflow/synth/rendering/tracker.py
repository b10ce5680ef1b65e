"""Model of a body tracker: jitter, inferred joints where occluded, lost joints."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from skelflow.camera.pinhole import project
from skelflow.synth.scene.scene_mesh import JOINTS
from skelflow.types import Camera, Depth

LOST, INFERRED, TRACKED = 0, 1, 2

JITTER_M = {LOST: 0.06, INFERRED: 0.03, TRACKED: 0.004}  # on each axis
MEMORY = 0.7  # correlation of jitter between successive frames
DEEP_M = 0.22  # self-occlusion: a joint this far behind its own body's surface; over half a trunk
HIDDEN_M = 0.03  # occlusion by another person or an object
LOSS, RETURN = 0.03, 0.3  # probability per frame that an occluded joint is lost, and found again

Joints = Float32[np.ndarray, "people 25 3"]
States = UInt8[np.ndarray, "people 25"]


@dataclass
class Tracker:
    """Simulates a body tracker over the frames of a recording.

    Parameters
    ----------
    camera : the depth camera.
    random : None for a perfect tracker, which knows occluded joints as well.
    """

    camera: Camera
    random: np.random.Generator | None
    _error: Joints | None = field(default=None, init=False)
    _lost: Bool[np.ndarray, "people 25"] | None = field(default=None, init=False)

    def track(
        self, joints_m: Joints, depth_m: Depth, part: UInt8[np.ndarray, "h w"]
    ) -> tuple[Joints, States]:
        """Track the joints in the next frame.

        Parameters
        ----------
        joints_m : (people, 25, 3), true positions in the camera's frame.
        depth_m : (h, w) float32, meters, without noise.
        part : (h, w) uint8, as in `skelflow.synth.scene.scene_mesh.Stage`.

        Returns
        -------
        joints_m : (people, 25, 3) float32.
        states : (people, 25) uint8, 0 not tracked, 1 inferred, 2 tracked.
        """
        states = np.full(joints_m.shape[:2], TRACKED, np.uint8)
        if self.random is None:
            return joints_m, states
        hidden = find_hidden(joints_m, depth_m, part, camera=self.camera)
        states[hidden] = INFERRED
        states[self._lose(hidden, self.random)] = LOST
        return joints_m + self._jitter(states, self.random), states

    def _lose(
        self, hidden: Bool[np.ndarray, "people 25"], random: np.random.Generator
    ) -> Bool[np.ndarray, "people 25"]:
        rng = random.random(hidden.shape)
        before = np.zeros_like(hidden) if self._lost is None else self._lost
        self._lost = hidden & np.where(before, rng >= RETURN, rng < LOSS)
        return self._lost

    def _jitter(self, states: States, random: np.random.Generator) -> Joints:
        """Noise correlated over time, larger for inferred and lost joints."""
        sizes = np.array([JITTER_M[state] for state in (LOST, INFERRED, TRACKED)])[states]
        fresh = random.standard_normal((*states.shape, 3)) * sizes[..., None]
        old = fresh if self._error is None else self._error
        error = MEMORY * old + np.sqrt(1 - MEMORY**2) * fresh
        self._error = error.astype(np.float32)
        return self._error


def find_hidden(
    joints_m: Joints, depth_m: Depth, part: UInt8[np.ndarray, "h w"], *, camera: Camera
) -> Bool[np.ndarray, "people 25"]:
    """Joints outside the image, or occluded by another body, an object or their own body."""
    pixels = project(joints_m, camera)
    x, y = (np.rint(np.nan_to_num(pixels[..., axis], nan=-1)).astype(int) for axis in (0, 1))
    inside = (x >= 0) & (y >= 0) & (x < camera.width) & (y < camera.height)
    x, y = x.clip(0, camera.width - 1), y.clip(0, camera.height - 1)
    people = np.arange(len(joints_m))[:, None]
    own = part[y, x] // JOINTS == people
    below_m = joints_m[..., 2] - depth_m[y, x]
    return np.asarray(~inside | (below_m > np.where(own, DEEP_M, HIDDEN_M)))
