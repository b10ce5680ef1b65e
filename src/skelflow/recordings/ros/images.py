"""Image messages of ROS as arrays: `sensor_msgs/Image` and `sensor_msgs/CompressedImage`."""

import struct
from typing import Any, NamedTuple

import cv2
import numpy as np
from jaxtyping import Shaped, UInt16

from skelflow.errors import FormatError
from skelflow.recordings.streams.image_headers import check_image
from skelflow.types import Color, Depth, Intensity

_DEPTH = {"16UC1": np.uint16, "mono16": np.uint16, "32FC1": np.float32}
_COLOR = {"rgb8": (3, None), "bgr8": (3, cv2.COLOR_BGR2RGB), "8UC3": (3, cv2.COLOR_BGR2RGB)}
_COLOR |= {"rgba8": (4, cv2.COLOR_RGBA2RGB), "bgra8": (4, cv2.COLOR_BGRA2RGB)}
_GRAY = ("mono8", "8UC1")
_COMPRESSED_DEPTH, _FILES = "compressedDepth", ("jpeg", "png")
_HEADER = struct.Struct("<i2f")  # of compressed_depth_image_transport, before the PNG


class _Format(NamedTuple):
    """How a message holds an image.

    Parameters
    ----------
    encoding : of the image before it was compressed, as "16UC1"; "" where that is not said.
    packing : "jpeg", "png", "compressedDepth" or another's name; "" = not compressed.
    """

    encoding: str
    packing: str


def image_kind(message: Any) -> str:
    """What an image message can serve as: "depth", "color", "gray" or "" for none of these."""
    encoding, packing = _format(message)
    if packing == _COMPRESSED_DEPTH:
        return "depth"
    if packing and packing not in _FILES:
        return ""
    if encoding in _DEPTH:  # 8 bits of a JPEG hold no depth, 16 of a PNG no floats
        holds = not packing or (packing == "png" and encoding != "32FC1")
        return "depth" if holds else ""
    if encoding in _GRAY:
        return "gray"
    return "color" if packing or encoding in _COLOR else ""


def depth_m(message: Any, *, unit_m: float, where: str) -> Depth:
    """Depth in meters; whole numbers are units, floats meters, NaN and infinity no reading.

    Raises
    ------
    FormatError
        The message is damaged or no depth; names `where`.
    """
    encoding, packing = _format(message)
    if packing == _COMPRESSED_DEPTH:
        stored = _compressed_depth(message, encoding, where)
    elif packing:
        stored = _decode_depth(message.data, where)
    else:
        stored = _plane(message, np.dtype(_DEPTH[encoding]), 1, where)[..., 0]
    if stored.dtype == np.float32:
        return np.where(np.isfinite(stored), stored, 0).astype(np.float32)
    return stored * np.float32(unit_m)


def _compressed_depth(message: Any, encoding: str, where: str) -> Shaped[np.ndarray, "h w"]:
    """16 bits as they were, or floats, meters, which are kept as inverse depth.

    Notes
    -----
    Source: compressed_depth_image_transport, src/codec.cpp: a header of the format (int32) and two
    floats A, B, then a PNG of numbers q = A / depth + B, 0 where nothing was measured.
    """
    if encoding not in _DEPTH:
        raise FormatError(
            f"{where}: compressed depth of format {message.format!r}, expected 16UC1, mono16 or "
            '32FC1 before its ";"'
        )
    stored = _decode_depth(message.data[_HEADER.size :], where)
    if encoding != "32FC1":
        return stored
    _, scale, offset = _HEADER.unpack_from(message.data)
    if not (0 < scale < np.inf and -np.inf < offset < 1):
        raise FormatError(
            f"{where}: compressed depth of floats whose header says A = {scale:g}, B = {offset:g}, "
            "expected A above 0 and B below 1: the message is damaged"
        )
    inverse = stored.astype(np.float32) - np.float32(offset)
    return np.where(stored > 0, np.float32(scale) / inverse, np.float32(0))


def _decode_depth(content: Any, where: str) -> UInt16[np.ndarray, "h w"]:
    image = _decode_image(content, cv2.IMREAD_UNCHANGED, where)
    if image.dtype != np.uint16 or image.ndim != 2:
        raise FormatError(f"{where}: compressed depth of {image.dtype}, expected 16-bit gray")
    return image


def color_rgb(message: Any, *, where: str) -> Color:
    """A color message as RGB; raises as `depth_m`."""
    encoding, packing = _format(message)
    if packing:
        image = _decode_image(message.data, cv2.IMREAD_COLOR, where)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    channels, change = _COLOR[encoding]
    image = _plane(message, np.dtype(np.uint8), channels, where)
    return np.ascontiguousarray(image if change is None else cv2.cvtColor(image, change))


def gray_values(message: Any, *, where: str) -> Intensity:
    """A gray message, 0..255; raises as `depth_m`."""
    if _format(message).packing:
        image = _decode_image(message.data, cv2.IMREAD_GRAYSCALE, where)
        return image.astype(np.float32)
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


def _format(message: Any) -> _Format:
    """Of an image its encoding; of a compressed one what "16UC1; png compressed" or "png" says."""
    if hasattr(message, "encoding"):
        return _Format(str(message.encoding), "")
    encoding, _, packing = str(message.format).rpartition(";")
    known = (_COMPRESSED_DEPTH, *_FILES)
    found = (name for name in known if name in packing.replace("jpg", "jpeg"))
    return _Format(encoding.strip(), next(found, packing.strip() or "unknown"))


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
