"""Image files and videos, decoded one frame at a time and checked."""

import re
import struct
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8, UInt16

from skelflow.errors import FormatError
from skelflow.types import Color, Frames

_LOST = 2  # frames that a video may lack at its end
_PNG = b"\x89PNG\r\n\x1a\n"


def read_depth_png(path: Path, *, size: tuple[int, int] | None = None) -> UInt16[np.ndarray, "h w"]:
    """The values of a 16-bit gray PNG as stored; `size` is (height, width) or None for any.

    Raises
    ------
    FormatError
        The file is missing, no complete PNG, not 16 bit gray, or of another size.
    """
    content = _read_bytes(path)
    bits, channels = png_kind(path, content)
    if bits != 16 or channels != 1:
        raise FormatError(
            f"{path}: {bits}-bit PNG with {channels} channels, expected 16-bit gray depth; "
            "8 bits cannot hold depth: export it again with 16 bits"
        )
    image = _decode(path, content, cv2.IMREAD_UNCHANGED)
    _check_size(path, image.shape[:2], size)
    return np.asarray(image, np.uint16)


def read_color(path: Path, *, size: tuple[int, int] | None = None) -> Color:
    """An image file as RGB; `size` is (height, width) or None for any.

    Raises
    ------
    FormatError
        The file is missing, no complete image, or of another size.
    """
    content = _read_bytes(path)
    if path.suffix.lower() == ".png":
        png_kind(path, content)
    image = _decode(path, content, cv2.IMREAD_COLOR)
    _check_size(path, image.shape[:2], size)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def png_kind(path: Path, content: bytes) -> tuple[int, int]:
    """Bits a sample and channels of a complete PNG (PNG specification, section 11.2.2)."""
    if not content.startswith(_PNG):
        raise FormatError(f"{path}: no PNG file, it begins with {content[:16]!r}")
    if len(content) < 45 or content[-8:-4] != b"IEND":
        raise FormatError(f"{path}: truncated PNG ({len(content)} bytes): copy it again")
    channels = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
    return content[24], channels.get(content[25], 0)


def png_size(path: Path) -> tuple[int, int]:
    """(height, width) of a PNG, from its header alone."""
    with path.open("rb") as stream:
        head = stream.read(24)
    if len(head) < 24 or not head.startswith(_PNG):
        raise FormatError(f"{path}: no PNG file, it begins with {head[:16]!r}")
    width, height = struct.unpack(">II", head[16:24])
    return height, width


def natural_order(path: Path) -> list[tuple[int, str]]:
    """Sorting key by which frame 2 comes before frame 10."""
    return [(int(part or 0), text) for text, part in re.findall(r"(\D*)(\d*)", path.name)]


class Video:
    """A video file that is decoded one frame at a time; reading in order does not seek.

    Parameters
    ----------
    path : a file OpenCV can decode.
    count : how many frames the recording has; None for the video's own number. A video that lacks
        up to two frames at the end repeats its last one (sensors drop them when they stop).
    size : (height, width) that the frames must have, or None for any.
    smaller : a reduced copy, of the same shape, will do as well.

    Raises
    ------
    FormatError
        The file is no video or of another size; while decoding: it is truncated or lacks more than
        two frames.
    """

    def __init__(
        self,
        path: Path,
        *,
        count: int | None,
        size: tuple[int, int] | None = None,
        smaller: bool = False,
    ) -> None:
        capture = cv2.VideoCapture(str(path))
        opened = capture.isOpened()
        self.stored = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if opened else 0
        edges = (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)
        height, width = (int(capture.get(edge)) for edge in edges)
        capture.release()
        if self.stored <= 0:
            raise FormatError(f"{path}: no video that can be decoded ({path.stat().st_size} bytes)")
        if not (smaller and size is not None and _is_copy((height, width), size)):
            _check_size(path, (height, width), size)
        self.path, self.size = path, (height, width)
        self.count = self.stored if count is None else count
        self.capture: cv2.VideoCapture | None = None
        self.last: UInt8[np.ndarray, "h w 3"] | None = None  # a video that ends early repeats it
        self.next = 0

    def repair(self) -> str | None:
        """What is done about a length other than the recording's, in words; None = nothing."""
        if self.stored == self.count:
            return None
        found = f"{self.path.name} has {self.stored} frames, the recording {self.count}"
        if self.stored > self.count:
            return f"{found}: its end is left out"
        if self.stored + _LOST >= self.count:
            return f"{found}: its last is repeated"
        return f"{found}: too few, it cannot be used to the end"

    def frames(self) -> Frames[Color]:
        """All frames, decoded one at a time."""
        return Frames(self.count, self.decode)

    def decode(self, t: int) -> Color:
        """Frame t as RGB; `FormatError` when it is missing or damaged."""
        if t >= self.stored + _LOST:
            raise FormatError(
                f"{self.path}: frame {t + 1} is missing, the video has {self.stored} frames, "
                f"expected {self.count} as in the depth stream"
            )
        image = self._read(min(t, self.stored - 1))
        _check_size(self.path, image.shape[:2], self.size)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def _read(self, t: int) -> UInt8[np.ndarray, "h w 3"]:
        if self.last is not None and t == self.next - 1:
            return self.last
        if self.capture is None:
            self.capture = cv2.VideoCapture(str(self.path))
            self.next = 0
        if t != self.next:
            self.capture.set(cv2.CAP_PROP_POS_FRAMES, t)
        found, image = self.capture.read()
        if not found:
            self.capture = self.last = None
            raise FormatError(
                f"{self.path}: frame {t + 1} of {self.stored} cannot be decoded; "
                "the video is truncated or damaged: copy or download it again"
            )
        self.next, self.last = t + 1, np.asarray(image)
        return self.last


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from error


def _decode(path: Path, content: bytes, mode: int) -> np.ndarray:
    image = None
    if content:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), mode)
    if image is None:
        raise FormatError(f"{path}: damaged image, or none ({len(content)} bytes)")
    return np.asarray(image)


def _is_copy(found: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether an image was reduced: as wide as its height makes it, to a pixel."""
    return found[0] <= size[0] and abs(found[1] - found[0] * size[1] / size[0]) <= 1


def _check_size(path: Path, found: tuple[int, ...], size: tuple[int, int] | None) -> None:
    if size is not None and found != size:
        raise FormatError(
            f"{path}: {found[1]}x{found[0]} pixels, expected {size[1]}x{size[0]}: are these "
            "another camera's images, or resized?"
        )
