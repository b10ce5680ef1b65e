"""Gray images in 0..1 instead of 0..255, recognized and refused."""

import numpy as np

from skelflow.errors import DataError
from skelflow.types import Intensity


def check_gray(name: str, image: Intensity) -> None:
    """Refuse gray levels that all lie within 0..1 and are not whole: 255 times too dark.

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
    highest = float(image.max(initial=0))
    if 0 < highest <= 1 and not (image == np.rint(image)).all():
        raise DataError(
            f"{name} spans {float(image.min()):.3g} to {highest:.3g}, expected gray levels of 0 to "
            "255: multiply by 255"
        )
