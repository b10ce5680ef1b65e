"""What training may change, and how skeletons are changed: direction, size, tempo, noise, sides."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from jaxtyping import Float, Float32
from pydantic import Field

from skelflow.io.plugins import Registry
from skelflow.settings import Settings
from skelflow.skeleton.layouts import Layout

Track = Float32[np.ndarray, "t bodies joints 3"]
Retimed = Float32[np.ndarray, "frames bodies joints 3"]  # a track of another length
Places = Float[np.ndarray, "frames"]  # in frames of the track, with fractions

Angle = Annotated[float, Field(ge=0, le=180)]
Share = Annotated[float, Field(ge=0, le=0.9)]
Noise = Annotated[float, Field(ge=0, le=10)]  # meters
Change = Callable[[Track, np.random.Generator], Retimed]

_CHANGES = Registry[Change]("augmentation")


def register_augmentation(name: str, change: Change) -> None:
    """Let training change skeletons by a function, as `data.augmentation.also` lists its name.

    Parameters
    ----------
    name : as in a recipe.
    change : takes (t, bodies, joints, 3) meters, NaN = missing, and the source of all chance;
        returns a changed copy, of any length.

    Raises
    ------
    ConfigError
        The name is taken.
    """
    _CHANGES.add(name, change)


def find_augmentation(name: str) -> Change:
    """The change of that name; `ConfigError` with the nearest name if there is none."""
    return _CHANGES.find(name)


class FlowAugmentation(Settings):
    """Random changes of a training clip's flow, each drawn once a clip; all off by default.

    Left and right change places by `Augmentation.flip`, in flow and skeleton alike.

    Parameters
    ----------
    shift : the clip's content moves by at most this share of its side, with the joints.
    zoom : and grows or shrinks by at most this share, with the joints; meters stay.
    rotate_deg : motion vectors turn about the vertical by at most this angle, degrees.
    speed : motion becomes larger or smaller by at most this share, as if faster or slower.
    crop_time : at most this share of the time is cut off, at random ends, in clips of the whole.
    noise_m : standard deviation of noise on the motion of whatever moves, meters; alike over
        some pixels, as a depth sensor's.
    drop : probability of a frame to show no motion, as where a camera repeats a frame.

    Raises
    ------
    ConfigError
        A value is out of range.
    """

    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    zoom: Share = 0.0
    rotate_deg: Angle = 0.0
    speed: Share = 0.0
    crop_time: Share = 0.0
    noise_m: Noise = 0.0
    drop: Share = 0.0

    @property
    def changes_motion(self) -> bool:
        """Whether anything but the choice of frames changes."""
        changes = self.shift, self.zoom, self.rotate_deg, self.speed, self.noise_m, self.drop
        return any(changes)


class Augmentation(Settings):
    """Random changes of training samples; all off by default, as in the paper.

    Parameters
    ----------
    flip : probability that left and right change places, in flow and skeleton alike, and the
        label becomes that of the mirrored action; never where the data set says that there is
        none, see `skelflow.datasets.catalog.data_set.DataSet.mirrored_actions`.
    rotate_deg : the skeleton turns about its vertical axis by at most this angle, degrees.
    tilt_deg : and about each of the two other axes by at most this one.
    scale : the skeleton's size changes by at most this share.
    stretch : and along each axis by at most this share, independently.
    speed : the skeleton's tempo changes by at most this share.
    warp : strength of smooth changes of tempo within a sequence; at 0.4 it mostly stays between
        half and double.
    crop_time : at most this share of the skeleton's frames is cut off, at random ends.
    noise_m : standard deviation of noise on every joint coordinate, meters.
    also : names of further changes, made in this order after the others; see
        `register_augmentation`.
    flow : of the flow, see `FlowAugmentation`.

    Raises
    ------
    ConfigError
        A value is out of range.
    """

    flip: Annotated[float, Field(ge=0, le=1)] = 0.0
    rotate_deg: Angle = 0.0
    tilt_deg: Angle = 0.0
    scale: Share = 0.0
    stretch: Share = 0.0
    speed: Share = 0.0
    warp: Annotated[float, Field(ge=0, le=1)] = 0.0
    crop_time: Share = 0.0
    noise_m: Noise = 0.0
    also: Annotated[tuple[str, ...], Field(strict=False)] = ()
    flow: FlowAugmentation = FlowAugmentation()

    def check(self) -> None:
        """Further changes are known."""
        for name in self.also:
            find_augmentation(name)


def augment_skeleton(
    joints_m: Track,
    change: Augmentation,
    random: np.random.Generator,
    *,
    frames: int | None = None,
) -> Retimed:
    """A randomly changed copy; with everything off, the same values.

    Parameters
    ----------
    joints_m : (t, bodies, joints, 3), meters, NaN = missing (stays missing).
    change : how much of what; `flip` is not applied here, see `mirror_joints`.
    random : source of all chance.
    frames : length of the copy; None = as the tempo says.
    """
    joints_m = _change_time(joints_m, change, random, frames)
    center = _center(joints_m)
    angle = np.radians(random.uniform(-change.rotate_deg, change.rotate_deg))
    size = 1 + random.uniform(-change.scale, change.scale)
    matrix = turn(angle) * np.float32(size) @ _tilt_and_stretch(change, random)
    changed = (joints_m - center) @ matrix.T + center
    noise = random.normal(0, 1, changed.shape) * change.noise_m
    changed = np.asarray(changed + noise, np.float32)
    for name in change.also:
        changed = np.asarray(find_augmentation(name)(changed, random), np.float32)
    return changed


def _tilt_and_stretch(
    change: Augmentation, random: np.random.Generator
) -> Float32[np.ndarray, "3 3"]:
    """Each axis is stretched, then everything turned about x and z; no chance used when off."""
    matrix = np.eye(3)
    if change.stretch:
        matrix *= 1 + random.uniform(-change.stretch, change.stretch, 3)
    if change.tilt_deg:
        bound = np.radians(change.tilt_deg)
        angles = random.uniform(-bound, bound, 2)
        (cx, cz), (sx, sz) = np.cos(angles), np.sin(angles)
        about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
        about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
        matrix = about_z @ about_x @ matrix
    return matrix.astype(np.float32)


def turn(angle: float) -> Float32[np.ndarray, "3 3"]:
    """Rotation about the vertical axis by an angle in radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)


def mirror_joints(
    joints: Float32[np.ndarray, "t bodies joints axes"], layout: Layout, *, about: float = 0.0
) -> Float32[np.ndarray, "t bodies joints axes"]:
    """Left and right change places: x becomes `about` - x, and paired joints are swapped."""
    mirrored = joints[:, :, list(layout.mirror)]
    mirrored[..., 0] = about - mirrored[..., 0]
    return mirrored


def resample(joints_m: Track, count: int) -> Retimed:
    """The same motion in another number of frames, linear in between, nearest beside gaps."""
    return sample_at(joints_m, np.linspace(0, len(joints_m) - 1, count))


def sample_at(joints_m: Track, places: Places) -> Retimed:
    """The motion at places between frames, linear in between, nearest beside gaps."""
    before = np.floor(places).astype(int)
    after = np.minimum(before + 1, len(joints_m) - 1)
    share = (places - before)[:, None, None, None]
    mixed = joints_m[before] * (1 - share) + joints_m[after] * share
    nearest = joints_m[np.rint(places).astype(int)]
    return np.asarray(np.where(np.isnan(mixed), nearest, mixed), np.float32)


def warped_places(
    length: int, count: int, *, strength: float, random: np.random.Generator
) -> Places:
    """From the first of so many frames to the last, at a smoothly changing tempo, only forward."""
    waves, even = np.arange(1, 4)[:, None], np.linspace(0, 1, count)
    phases, heights = random.uniform(0, 2 * np.pi, (3, 1)), random.normal(0, 1, (3, 1)) / waves
    tempo = np.exp(strength * (heights * np.sin(np.pi * waves * even + phases)).sum(axis=0))
    passed = np.cumsum(np.concatenate([[0.0], (tempo[1:] + tempo[:-1]) / 2]))
    return np.asarray(passed / max(passed[-1], 1e-9) * (length - 1))


def _change_time(
    joints_m: Track, change: Augmentation, random: np.random.Generator, frames: int | None
) -> Retimed:
    cut, place = random.uniform(0, change.crop_time), random.uniform()
    tempo = 1 + random.uniform(-change.speed, change.speed)
    kept = max(1, round(len(joints_m) * (1 - cut)))
    start = round((len(joints_m) - kept) * place)
    count = max(1, round(kept / tempo)) if frames is None else frames
    window = joints_m[start : start + kept]
    if change.warp:
        places = warped_places(kept, count, strength=change.warp, random=random)
        return sample_at(window, places)
    return window if count == kept else resample(window, count)


def _center(joints_m: Track) -> Float32[np.ndarray, "3"]:
    """Mean of all joints that are there; 0 where none is."""
    present = joints_m[~np.isnan(joints_m).any(axis=-1)]
    return np.asarray(present.mean(axis=0) if len(present) else np.zeros(3), np.float32)
