"""Cameras, skeletons, recordings, and arrays with named axes."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float32, UInt8

from skelflow.errors import ConfigError, FormatError
from skelflow.settings import shown

Depth = Float32[np.ndarray, "h w"]  # meters along the optical axis, 0 = no reading
Intensity = Float32[np.ndarray, "h w"]  # gray, 0..255
Color = UInt8[np.ndarray, "h w 3"]  # RGB
Flow = Float32[np.ndarray, "h w 3"]  # meters a frame pair: x right, y down, z away
Joints3D = Float32[np.ndarray, "t bodies joints 3"]  # meters, NaN = missing
Joints2D = Float32[np.ndarray, "t bodies joints 2"]  # (x, y) depth-image pixels, NaN = missing

LARGEST_LABEL = 10**9  # of an action, a subject, ...

Image = TypeVar("Image")
Changed = TypeVar("Changed")


_WIDEST = 65535  # pixels
_SHORTEST, _LONGEST = 1e-4, 1e4  # focal lengths, image widths: fields of view of 179.98 to 0.006


def _require(
    owner: object, name: str, kind: type, span: tuple[int | float, int | float], expected: str
) -> None:
    """Refuse, with `ConfigError`, a camera's number of another kind or outside a span."""
    value: Any = getattr(owner, name)
    is_number = isinstance(value, kind)
    if not (is_number and span[0] <= value <= span[1]):
        raise ConfigError(f"camera: {name} must be {expected}, found {shown(value)}")


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: image size and intrinsics, all in pixels, and its lens.

    Parameters
    ----------
    width, height : int, pixels.
    fx, fy : float, focal lengths, pixels.
    cx, cy : float, principal point; the center of the top-left pixel is (0, 0).
    k1, k2, k3 : float, radial distortion: a ray (x, y, 1) is seen where (k x, k y, 1) would be
        without a lens, k = 1 + k1 r^2 + k2 r^4 + k3 r^6 (Brown, 1971). Scene flow is lifted along
        the lens's rays; `project`, `unproject` and registration heed it as well.

    Raises
    ------
    ConfigError
        A size or a focal length is not positive and finite, another number is not finite, or one
        is beyond what a camera has.

    Examples
    --------
    >>> Camera.from_fov(320, 240, 62.5).fx  # doctest: +ELLIPSIS
    263.7...
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            _require(self, name, Integral, (1, _WIDEST), f"a whole number, 1 to {_WIDEST}")
        nearest, farthest = self.width * _SHORTEST, self.width * _LONGEST
        for name in ("fx", "fy"):
            text = f"positive and finite, {nearest:g} to {farthest:g} pixels at this width"
            _require(self, name, Real, (nearest, farthest), text)
        for name in ("cx", "cy"):
            _require(self, name, Real, (-farthest, farthest), f"finite, at most {farthest:g}")
        for name in ("k1", "k2", "k3"):
            _require(self, name, Real, (-1e9, 1e9), "finite, at most 1e9")

    @property
    def distortion(self) -> tuple[float, float, float]:
        """(k1, k2, k3)."""
        return self.k1, self.k2, self.k3

    @classmethod
    def from_fov(cls, width: int, height: int, fov_x_deg: float) -> "Camera":
        """Square pixels, centered principal point, horizontal field of view in degrees."""
        if not 0 < fov_x_deg < 180:
            raise ConfigError(f"camera: fov_x_deg must lie in (0, 180), found {fov_x_deg}")
        focal = 0.5 * width / math.tan(math.radians(fov_x_deg) / 2)
        return cls(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


class Window(NamedTuple):
    """A rectangle of a depth image, whole pixels; it may reach beyond the image.

    Parameters
    ----------
    left, top : its first column and row.
    width, height : columns and rows.
    """

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Skeleton:
    """Tracked bodies over time, one entry for each depth frame of the recording.

    Parameters
    ----------
    layout : str
        Name of the joint layout, see `skelflow.skeleton.layouts.find_layout`.
    joints_m : (t, bodies, joints, 3) float32
        Meters in the depth camera's frame: x right, y down, z away. NaN where missing.
    joints_px : (t, bodies, joints, 2) float32
        (x, y) in pixels of the depth image. NaN where missing.
    tracking : (t, bodies, joints) uint8
        0 not tracked, 1 inferred, 2 tracked.
    estimated_from : str
        The image the joints were estimated from, "color", "infrared" or "depth" (see
        `skelflow.pose`); "" where the recording brings them along.
    """

    layout: str
    joints_m: Joints3D
    joints_px: Joints2D
    tracking: UInt8[np.ndarray, "t bodies joints"]
    estimated_from: str = ""

    def __len__(self) -> int:
        return int(self.joints_m.shape[0])


@dataclass(frozen=True)
class Labels:
    """Who does what, and where: the data set's own numbers, to `LARGEST_LABEL`; None = unknown."""

    action: int | None = None
    subject: int | None = None
    camera: int | None = None
    setup: int | None = None
    replication: int | None = None


@dataclass(frozen=True)
class Frames(Generic[Image]):
    """A lazy sequence of images: `frames[t]` decodes one image, negative indices allowed.

    Parameters
    ----------
    count : how many there are.
    decode : image number t.
    is_absent : there are none, the recording only has so many frames; see `absent`.
    """

    count: int
    decode: Callable[[int], Image] = field(repr=False)
    is_absent: bool = False

    @classmethod
    def absent(cls, count: int, reason: str) -> "Frames[Image]":
        """As many frames, none of which has an image: decoding one raises `FormatError(reason)`."""

        def decode(t: int) -> Image:
            raise FormatError(f"{reason} (frame {t + 1})")

        return cls(count, decode, is_absent=True)

    def map(self, change: Callable[[Image], Changed]) -> "Frames[Changed]":
        """As many, each changed when it is decoded."""
        return Frames(self.count, lambda t: change(self.decode(t)), is_absent=self.is_absent)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, t: int) -> Image:
        if not -self.count <= t < self.count:
            raise IndexError(f"frame {t} of {self.count}")
        return self.decode(t % self.count)

    def __iter__(self) -> Iterator[Image]:
        return (self.decode(t) for t in range(self.count))


@dataclass(frozen=True)
class Projection:
    """How depth-camera points land in another camera's image.

    `(u, v) = matrix @ (x, y, 1, 1/Z) + bend @ (xx, xy, yy, xxx, xxy, xyy, yyy)` for a point
    (X, Y, Z) in meters, y down, and its ray (x, y) = (X/Z, Y/Z).

    Parameters
    ----------
    width, height : pixels, the other camera's image.
    matrix : (2, 4), a camera that looks the same way, displaced or turned about its axis.
    bend : (2, 7), what its tilt and its lens add; None = nothing.
    """

    width: int
    height: int
    matrix: Float32[np.ndarray, "2 4"]
    bend: Float32[np.ndarray, "2 7"] | None = None

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            _require(self, name, Integral, (1, _WIDEST), f"a whole number, 1 to {_WIDEST}")

    def resized(self, width: int, height: int) -> "Projection":
        """Into the same image, enlarged or reduced."""
        if (width, height) == (self.width, self.height):
            return self
        scale = np.array([[width / self.width], [height / self.height]], np.float32)
        matrix = scale * self.matrix
        matrix[:, 2] += (scale[:, 0] - 1) / 2  # the first pixel's corner stays, not its center
        return Projection(width, height, matrix, None if self.bend is None else scale * self.bend)


@dataclass(frozen=True)
class Recording:
    """One RGB-D recording, or a skeleton alone, decoded lazily, one frame at a time.

    Parameters
    ----------
    name : str
        The recording's own name, unique in its data set.
    path : Path
        Where it was found; used in error messages.
    camera : Camera
        The depth camera.
    frame_rate_hz : float
    depth : Frames of (h, w) float32, meters, 0 = no reading; `Frames.absent` for a skeleton alone.
    color : Frames of (h2, w2, 3) uint8 RGB, or None.
    color_projection : Projection or None
        Where depth-camera points land in `color`; None when `color` has the depth image's pixels.
    infrared : Frames of (h, w) float32 0..255 in the depth image's pixels, or None.
    skeleton : Skeleton or None, as many frames as `depth`.
    labels : Labels
    repairs : what the reader corrected in the files, a sentence each.
    source : name of the reader, and so of the data set; "" where none read it.
    mirrored : whether the images are mirrored, as a Kinect delivers them: who faces the camera has
        the right hand on the image's right.
    any_depth : its depth is right though it is none that a usual sensor delivers.
    any_joints : its joints are what its tracker said, whether they lie on the depth or not.
    """

    name: str
    path: Path
    camera: Camera
    frame_rate_hz: float
    depth: Frames[Depth]
    color: Frames[Color] | None = None
    color_projection: Projection | None = None
    infrared: Frames[Intensity] | None = None
    skeleton: Skeleton | None = None
    labels: Labels = field(default_factory=Labels)
    repairs: tuple[str, ...] = ()
    source: str = ""
    mirrored: bool = False
    any_depth: bool = False
    any_joints: bool = False

    def __len__(self) -> int:
        return len(self.depth)

    @property
    def has_depth(self) -> bool:
        """Whether there are depth images; without them a skeleton is all there is to read."""
        return not self.depth.is_absent
