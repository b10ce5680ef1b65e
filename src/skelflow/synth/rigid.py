"""Rigid motions of points in space."""

import cv2
import numpy as np
from jaxtyping import Float64

Rays = Float64[np.ndarray, "*rays 3"]
Rigid = Float64[np.ndarray, "4 4"]  # acts on columns (x, y, z, 1), meters
Number = float | int  # `float` alone would refuse a plain 0 where types are checked at run time
Triple = tuple[Number, Number, Number]


def place(shift_m: Triple = (0, 0, 0), *, turn_deg: Triple = (0, 0, 0)) -> Rigid:
    """Turn about the axis `turn_deg` by its length in degrees, then shift."""
    rigid = np.eye(4)
    rigid[:3, :3] = cv2.Rodrigues(np.radians(np.asarray(turn_deg, np.float64)))[0]
    rigid[:3, 3] = shift_m
    return rigid


def move(points_m: Rays, motion: Rigid) -> Rays:
    """Points after a rigid motion."""
    return np.asarray(points_m @ motion[:3, :3].T + motion[:3, 3])
