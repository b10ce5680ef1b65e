"""Joints that no sensor reports, recognized and refused."""

import numpy as np
from jaxtyping import Float

from skelflow.errors import DataError, SkelflowError

FARTHEST_M = 50.0  # from the camera, along any axis

Joints = Float[np.ndarray, "*frames 3"]


def check_joints(
    where: object,
    joints_m: Joints,
    *,
    refusal: type[SkelflowError] = DataError,
    farthest_m: float = FARTHEST_M,
    in_front: bool = True,
) -> None:
    """Refuse joints that cannot be meters in the camera's frame; NaN stands for a missing one.

    Parameters
    ----------
    where : whose joints they are, for the message.
    joints_m : (..., 3).
    refusal : the error that is raised.
    farthest_m : from the camera, along any axis.
    in_front : whether the frame is the camera's; joints without depth may be those of any other.

    Raises
    ------
    refusal
        A coordinate is infinite or beyond `farthest_m`, or the median joint lies behind the camera.

    Examples
    --------
    >>> check_joints("wave", np.array([[0.1, -0.4, 2500.0]], np.float32))
    Traceback (most recent call last):
    ...
    skelflow.errors.DataError: wave: a joint's z is 2500, expected meters from the camera, \
-50 to 50: are these millimeters?
    """
    beyond = np.abs(joints_m) > farthest_m  # NaN is not, infinity is
    if beyond.any():
        axis = int(np.argmax(beyond.reshape(-1, 3).any(axis=0)))
        value = joints_m[..., axis][beyond[..., axis]][0]
        raise refusal(
            f"{where}: a joint's {'xyz'[axis]} is {value:g}, expected meters from the camera, "
            f"-{farthest_m:g} to {farthest_m:g}: are these millimeters?"
        )
    if not in_front:
        return
    known = joints_m[..., 2][~np.isnan(joints_m[..., 2])]
    if known.size and (middle := float(np.median(known))) <= 0:
        raise refusal(
            f"{where}: z is {middle:g} m in the median, expected meters in front of the camera: "
            "is this another camera's frame?"
        )
