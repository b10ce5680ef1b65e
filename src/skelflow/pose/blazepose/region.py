"""A square of the image, turned so that the person in it stands upright."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

MARGIN = 1.25  # side of the square, in those of the circle that the two points describe

Point = Float[np.ndarray, "2"]


@dataclass(frozen=True)
class Region:
    """A turned square of the image.

    Parameters
    ----------
    x, y : center, pixels.
    side : pixels.
    angle : of the square's right side, clockwise from the image's, radians.
    """

    x: float
    y: float
    side: float
    angle: float

    @classmethod
    def around(cls, hips: Point, top: Point) -> "Region":
        """The square about the hips whose upper side looks to `top`, a point on the circle
        around the whole person."""
        dx, dy = float(top[0] - hips[0]), float(top[1] - hips[1])
        angle = math.pi / 2 - math.atan2(-dy, dx)
        turn = (angle + math.pi) % (2 * math.pi) - math.pi
        return cls(float(hips[0]), float(hips[1]), 2 * MARGIN * math.hypot(dx, dy), turn)

    def cut(self, image: UInt8[np.ndarray, "h w 3"], size: int) -> UInt8[np.ndarray, "size size 3"]:
        """The square, resampled to `size` pixels a side; black outside the image."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(image, self._matrix(size), (size, size), flags=flags))

    def to_image(self, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """From shares of the square's sides to pixels of the image."""
        return np.asarray(self.center + self.side * ((points - 0.5) @ self._axes))

    def turn(self, vectors: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """From the square's axes to the image's."""
        return np.asarray(vectors @ self._axes)

    @property
    def center(self) -> Point:
        """(x, y), pixels."""
        return np.array([self.x, self.y])

    @property
    def _axes(self) -> Float[np.ndarray, "2 2"]:
        """The square's right and down in the image's, a row each."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cosine, sine], [-sine, cosine]])

    def _matrix(self, size: int) -> Float[np.ndarray, "2 3"]:
        """From pixels of the resampled square to pixels of the image."""
        step = self._axes.T * (self.side / size)
        corner = self.center - step @ np.full(2, size / 2 - 0.5)
        return np.column_stack((step, corner))
