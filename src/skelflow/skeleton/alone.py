"""Skeletons that come as joints in space alone."""

import numpy as np

from skelflow.camera.pinhole import project
from skelflow.skeleton.layouts import Layout
from skelflow.types import Camera, Joints3D, Skeleton


def skeleton_of(joints_m: Joints3D, layout: Layout, camera: Camera) -> Skeleton:
    """The skeleton of joints in space: in pixels as the camera sees them, tracked where known.

    Parameters
    ----------
    joints_m : (t, bodies, joints, 3), meters, NaN = missing.
    layout : of the joints.
    camera : of the sensor that they are from.
    """
    known = np.isfinite(joints_m).all(axis=-1)
    return Skeleton(
        layout=layout.name,
        joints_m=joints_m,
        joints_px=project(joints_m, camera),
        tracking=np.where(known, 2, 0).astype(np.uint8),
    )
