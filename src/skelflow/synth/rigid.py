"""Rigid transforms of points in space."""

import cv2
import numpy as np
from jaxtyping import Float64

Rays = Float64[np.ndarray, "*rays 3"]
Rigid = Float64[np.ndarray, "4 4"]  # acts on columns (x, y, z, 1), meters
Number = float | int  # `float` alone would refuse a plain 0 where types are checked at run time
Triple = tuple[Number, Number, Number]


def rigid_transform(shift_m: Triple = (0, 0, 0), *, rotvec_deg: Triple = (0, 0, 0)) -> Rigid:
    """Rotate about the axis `rotvec_deg` by its length in degrees, then translate by `shift_m`."""
    rigid = np.eye(4)
    rigid[:3, :3] = cv2.Rodrigues(np.radians(np.asarray(rotvec_deg, np.float64)))[0]
    rigid[:3, 3] = shift_m
    return rigid


def apply_rigid(points_m: Rays, motion: Rigid) -> Rays:
    """Points after a rigid transform."""
    return np.asarray(points_m @ motion[:3, :3].T + motion[:3, 3])
