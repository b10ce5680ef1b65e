"""Gray images whose levels are others than 0..255, recognized and refused."""

import numpy as np

from skelflow.errors import DataError
from skelflow.types import Intensity

DARKEST, BRIGHTEST = -1.0, 256.0  # what interpolating or rounding 0..255 may end at


def check_gray(name: str, image: Intensity) -> None:
    """Refuse gray levels beyond 0..255, or all within 0..1 and not whole: 255 times too dark.

    Parameters
    ----------
    name : how messages call the image.
    image : (h, w) float32, expected in 0..255; a level beyond is still taken for rounding.

    Raises
    ------
    DataError
        Names the range and the remedy.

    Examples
    --------
    >>> check_gray("intensity0", np.full((2, 2), 0.5, np.float32))
    Traceback (most recent call last):
    ...
    skelflow.errors.DataError: intensity0 spans 0.5 to 0.5, expected gray levels of 0 to 255: \
multiply by 255
    """
    lowest, highest = float(image.min()), float(image.max())
    span = f"{name} spans {lowest:.3g} to {highest:.3g}, expected gray levels of 0 to 255"
    if not (lowest >= DARKEST and highest <= BRIGHTEST):
        raise DataError(f"{span}: bring both frames there by one and the same scale")
    if 0 < highest <= 1 and not (image == np.rint(image)).all():
        raise DataError(f"{span}: multiply by 255")
