"""Image messages of ROS as arrays: `sensor_msgs/Image` and `sensor_msgs/CompressedImage`."""

import struct
from typing import Any

import cv2
import numpy as np
from jaxtyping import Shaped

from skelflow.errors import FormatError
from skelflow.recordings.streams.image_headers import check_image
from skelflow.types import Color, Depth, Intensity

_DEPTH = {"16UC1": np.uint16, "mono16": np.uint16, "32FC1": np.float32}
_COLOR = {"rgb8": (3, None), "bgr8": (3, cv2.COLOR_BGR2RGB), "8UC3": (3, cv2.COLOR_BGR2RGB)}
_COLOR |= {"rgba8": (4, cv2.COLOR_RGBA2RGB), "bgra8": (4, cv2.COLOR_BGRA2RGB)}
_GRAY = ("mono8", "8UC1")
_COMPRESSED_DEPTH = "compressedDepth"
_HEADER_BYTES = 12  # of compressed_depth_image_transport, before the PNG


def image_kind(message: Any) -> str:
    """What an image message can serve as: "depth", "color", "gray" or "" for none of these."""
    encoding = _encoding(message)
    if encoding in _DEPTH or _COMPRESSED_DEPTH in encoding:
        return "depth"
    if encoding in _COLOR or encoding in ("jpeg", "png"):
        return "color"
    return "gray" if encoding in _GRAY else ""


def depth_m(message: Any, *, unit_m: float, where: str) -> Depth:
    """Depth in meters; whole numbers are units, floats meters, NaN and infinity no reading.

    Raises
    ------
    FormatError
        The message is damaged or no depth; names `where`.
    """
    if _COMPRESSED_DEPTH in _encoding(message):
        stored = _decode_image(message.data[_HEADER_BYTES:], cv2.IMREAD_UNCHANGED, where)
        if stored.dtype != np.uint16 or stored.ndim != 2:
            raise FormatError(f"{where}: compressed depth of {stored.dtype}, expected 16-bit gray")
    else:
        stored = _plane(message, np.dtype(_DEPTH[_encoding(message)]), 1, where)[..., 0]
    if stored.dtype == np.float32:
        return np.where(np.isfinite(stored), stored, 0).astype(np.float32)
    return stored * np.float32(unit_m)


def color_rgb(message: Any, *, where: str) -> Color:
    """A color message as RGB; raises as `depth_m`."""
    encoding = _encoding(message)
    if encoding in ("jpeg", "png"):
        image = _decode_image(message.data, cv2.IMREAD_COLOR, where)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    channels, change = _COLOR[encoding]
    image = _plane(message, np.dtype(np.uint8), channels, where)
    return np.ascontiguousarray(image if change is None else cv2.cvtColor(image, change))


def gray_values(message: Any, *, where: str) -> Intensity:
    """A gray message, 0..255; raises as `depth_m`."""
    return _plane(message, np.dtype(np.uint8), 1, where)[..., 0].astype(np.float32)


def stamp_s(raw: bytes | memoryview, *, is_ros1: bool) -> float:
    """The time in a message's header, seconds; its first field in both kinds of bag."""
    try:
        if is_ros1:
            seconds, nanoseconds = struct.unpack_from("<II", raw, 4)  # after the sequence number
        else:
            order = "<" if raw[1] else ">"  # of CDR
            seconds, nanoseconds = struct.unpack_from(f"{order}iI", raw, 4)
    except (struct.error, IndexError):
        return 0.0
    return float(seconds) + 1e-9 * float(nanoseconds)


def _encoding(message: Any) -> str:
    """Of an image, or the format of a compressed one: "jpeg", "png" or "16UC1; compressedDepth"."""
    text = str(getattr(message, "encoding", "") or getattr(message, "format", ""))
    if _COMPRESSED_DEPTH in text or hasattr(message, "encoding"):
        return text
    return next((name for name in ("jpeg", "png") if name in text.replace("jpg", "jpeg")), text)


def _plane(
    message: Any, dtype: np.dtype[Any], channels: int, where: str
) -> Shaped[np.ndarray, "h w channels"]:
    """The pixels of an uncompressed message, without the rows' padding, in this machine's order."""
    height, width, step = int(message.height), int(message.width), int(message.step)
    row = width * channels * dtype.itemsize
    if not (0 < row <= step and height > 0 and height * step <= len(message.data)):
        raise FormatError(
            f"{where}: an image of {width}x{height} in rows of {step} bytes, {len(message.data)} "
            "bytes are there: the bag is damaged"
        )
    content = np.frombuffer(message.data, np.uint8, count=height * step).reshape(height, step)
    stored = dtype.newbyteorder(">" if message.is_bigendian else "<")
    pixels = np.ascontiguousarray(content[:, :row]).view(stored)
    return pixels.reshape(height, width, channels).astype(dtype)


def _decode_image(content: Any, how: int, where: str) -> Shaped[np.ndarray, "..."]:
    check_image(where, bytes(content))
    image = cv2.imdecode(np.frombuffer(content, np.uint8), how)
    if image is None:
        raise FormatError(f"{where}: a compressed image that cannot be decoded")
    return np.asarray(image)
