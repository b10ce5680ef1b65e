"""Images stacked in a `.npy` file, read one at a time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from skelflow.errors import FormatError
from skelflow.io.arrays import ARRAY_ERRORS, npy_header
from skelflow.io.bounds import MB, STREAM
from skelflow.io.files import open_file
from skelflow.recordings.streams.image_headers import check_pixels


@dataclass(frozen=True)
class NpyStack:
    """A `.npy` file of images (t, h, w), never in memory as a whole.

    Parameters
    ----------
    path : of the file.
    shape : frames, height and width.
    dtype : of its numbers, integers without sign or floats.
    start : first byte of the first image.
    """

    path: Path
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    start: int

    @classmethod
    def open(cls, path: Path) -> "NpyStack":
        """Read the header, and check that the file is as long as it says.

        Raises
        ------
        FormatError
            The file is missing, damaged, or holds something else than images in C order.
        """
        try:
            with open_file(path, bound=STREAM) as stream:
                shape, is_fortran, dtype = npy_header(stream)
                start = stream.tell()
                size = stream.seek(0, 2) - start
        except ARRAY_ERRORS as error:
            raise FormatError(f"{path}: no array that can be read ({error})") from error
        frames, height, width = _checked_shape(path, shape)
        if is_fortran:
            raise FormatError(f"{path}: in Fortran order; save numpy.ascontiguousarray(depth)")
        if dtype != np.uint16 and dtype.kind != "f":
            raise FormatError(f"{path}: holds {dtype}, expected uint16, or floats in meters")
        check_pixels(path, width, height)
        if (expected := frames * height * width * dtype.itemsize) != size:
            raise FormatError(
                f"{path}: {size} bytes of numbers, expected {expected} for {shape}: copy it again"
            )
        return cls(path, (frames, height, width), dtype, start)

    def read(self, t: int) -> Shaped[np.ndarray, "h w"]:
        """Image t, as stored."""
        _, height, width = self.shape
        size = height * width * self.dtype.itemsize
        with open_file(self.path, bound=STREAM) as stream:
            stream.seek(self.start + t * size)
            content = stream.read(size)
        if len(content) < size:
            raise FormatError(f"{self.path}: ends in frame {t}: copy it again")
        return np.frombuffer(content, self.dtype).reshape(height, width)


def _checked_shape(path: Path, shape: Sequence[int]) -> tuple[int, int, int]:
    if len(shape) != 3 or min(shape) < 1 or math.prod(shape) > STREAM.most * MB:
        raise FormatError(f"{path}: its array is {tuple(shape)}, expected (frames, height, width)")
    frames, height, width = shape
    return frames, height, width
