"""Planes and spheres that rays meet."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from benchmarks.scenes.texture import Texture
from skelflow.errors import ConfigError
from skelflow.synth.rigid import Rays, Rigid, Triple, rigid_transform

Reach = Float64[np.ndarray, "*rays"]
Point = Float64[np.ndarray, " 3"]


@dataclass(frozen=True)
class Plane:
    """A rectangle around the origin in the x-y plane of its own frame; endless by default."""

    half_width_m: float = np.inf
    half_height_m: float = np.inf

    def meet(self, start_m: Point, rays: Rays) -> Reach:
        """How many ray lengths away each ray meets the plane; infinite where it does not."""
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = -start_m[2] / rays[..., 2]
            x, y = (start_m[axis] + reach * rays[..., axis] for axis in (0, 1))
        inside = (np.abs(x) <= self.half_width_m) & (np.abs(y) <= self.half_height_m)
        return np.where(inside & (reach > 0), reach, np.inf)


@dataclass(frozen=True)
class Sphere:
    """A sphere around the origin of its own frame, seen from outside."""

    radius_m: float

    def __post_init__(self) -> None:
        if not self.radius_m > 0:
            raise ConfigError(f"sphere: radius_m must be positive, found {self.radius_m}")

    def meet(self, start_m: Point, rays: Rays) -> Reach:
        """How many ray lengths away each ray meets the sphere; infinite where it does not."""
        a = np.einsum("...i,...i", rays, rays)
        b = rays @ start_m
        root = b * b - a * (start_m @ start_m - self.radius_m**2)
        reach = (-b - np.sqrt(np.maximum(root, 0))) / a
        return np.where((root > 0) & (reach > 0), reach, np.inf)


@dataclass(frozen=True)
class Surface:
    """A shape, its place in frame 0's camera, and what is painted on it."""

    shape: Plane | Sphere
    pose: Rigid
    texture: Texture = field(default_factory=Texture)

    def meet(self, rays: Rays, motion: Rigid) -> Reach:
        """How many ray lengths from the camera each ray meets the surface, moved by `motion`."""
        pose = motion @ self.pose
        turn, shift = pose[:3, :3], pose[:3, 3]
        return self.shape.meet(-shift @ turn, rays @ turn)


@dataclass(frozen=True)
class Body:
    """Surfaces that join without a step in depth, and their motion from frame 0 to frame 1."""

    surfaces: tuple[Surface, ...]
    motion: Rigid = field(default_factory=lambda: np.eye(4))

    @property
    def moves(self) -> bool:
        """Whether it moves in the world, whatever the camera does."""
        return not np.array_equal(self.motion, np.eye(4))


def spin(center_m: Triple, *, rotvec_deg: Triple, shift_m: Triple = (0, 0, 0)) -> Rigid:
    """Turn about an axis through `center_m`, then shift."""
    back = rigid_transform((-center_m[0], -center_m[1], -center_m[2]))
    return np.asarray(
        rigid_transform(shift_m)
        @ rigid_transform(center_m)
        @ rigid_transform(rotvec_deg=rotvec_deg)
        @ back
    )
