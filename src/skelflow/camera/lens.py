"""Lenses as calibrations describe them, and images seen through none."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, Shaped

from skelflow.errors import ConfigError
from skelflow.types import Camera

_WIDEST_RAY = 4.0  # X/Z of a ray 76 degrees off the axis
_COUNTS = (0, 4, 5, 8, 12, 14)  # of coefficients that OpenCV knows

Pixels = Float32[np.ndarray, "h w"]


@dataclass(frozen=True)
class LensCamera:
    """A camera with its whole lens, where `Camera` has a radial one at most.

    Parameters
    ----------
    pinhole : size and intrinsics.
    coefficients : of the lens, in OpenCV's order (k1, k2, p1, p2, k3, k4, k5, k6, ...): the Brown
        model with 4 or 5 of them, the rational one with 8; with `fisheye` the four of Kannala and
        Brandt (2006). None = no lens.
    fisheye : which of the two models.

    Raises
    ------
    ConfigError
        Another number of coefficients, or one that is not finite.
    """

    pinhole: Camera
    coefficients: tuple[float, ...] = ()
    fisheye: bool = False

    def __post_init__(self) -> None:
        counts = (4,) if self.fisheye else _COUNTS
        if len(self.coefficients) not in counts or not np.isfinite(self.coefficients).all():
            raise ConfigError(
                f"camera: lens {self.coefficients}, expected {' or '.join(map(str, counts))} "
                "finite coefficients"
            )

    @property
    def is_straight(self) -> bool:
        """Whether the lens does nothing."""
        return not self.fisheye and not any(self.coefficients)

    def project(self, points_m: Float[np.ndarray, "*points 3"]) -> Float32[np.ndarray, "*points 2"]:
        """Pixels of camera-frame points; NaN behind the camera and where the lens sees nothing.

        Parameters
        ----------
        points_m : x right, y down, z away.
        """
        flat = points_m.reshape(-1, 3).astype(np.float64)
        ahead = flat[:, 2] > 0
        safe = np.where(ahead[:, None], flat, (0.0, 0.0, 1.0))
        radius = np.hypot(safe[:, 0], safe[:, 1]) / safe[:, 2]
        pixels = self._project(safe)
        pixels[~ahead | (radius > self._reach)] = np.nan
        return pixels.reshape(*points_m.shape[:-1], 2).astype(np.float32)

    def straighten(
        self, image: Shaped[np.ndarray, "h w *channels"], *, nearest: bool = False
    ) -> Shaped[np.ndarray, "h w *channels"]:
        """The image that `pinhole` alone would have taken, 0 where the lens shows nothing.

        Parameters
        ----------
        image : of the camera's size.
        nearest : take values as they are instead of mixing neighbors: for depth.
        """
        if self.is_straight:
            return image
        how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        x, y = self._sources
        return np.asarray(cv2.remap(image, x, y, how, borderMode=cv2.BORDER_CONSTANT))

    @cached_property
    def _sources(self) -> tuple[Pixels, Pixels]:
        """Where each pixel of the straight image is found; far outside where it is nowhere."""
        camera = self.pinhole
        y, x = np.mgrid[: camera.height, : camera.width].astype(np.float64)
        rays = np.stack(
            ((x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, np.ones_like(x)), axis=-1
        )
        found = np.nan_to_num(self.project(rays), nan=-1e6)
        return np.ascontiguousarray(found[..., 0]), np.ascontiguousarray(found[..., 1])

    def _project(self, points_m: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2"]:
        camera, still = self.pinhole, np.zeros(3)
        matrix = np.array(
            [[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]], np.float64
        )
        lens = np.array(self.coefficients or (0.0,) * 4, np.float64)
        if self.fisheye:
            found, _ = cv2.fisheye.projectPoints(points_m[None], still, still, matrix, lens)
        else:
            found, _ = cv2.projectPoints(points_m, still, still, matrix, lens)
        return np.asarray(found, np.float64).reshape(-1, 2)

    @cached_property
    def _reach(self) -> float:
        """X/Z up to which the lens shows rays farther out the farther out they are."""
        if self.is_straight or self.fisheye:
            return np.inf
        own = np.linspace(0, _WIDEST_RAY, 4097)
        rays = np.stack((own, np.zeros_like(own), np.ones_like(own)), axis=-1)
        with np.errstate(all="ignore"):
            seen = self._project(rays)[:, 0]
        folds = np.flatnonzero(~(np.diff(seen) > 0))
        return float(own[folds[0]]) if folds.size else _WIDEST_RAY
