"""Reader of Azure Kinect recordings: depth without its lens, infrared, and color seen by depth."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from skelflow.camera.lens import LensCamera
from skelflow.camera.pinhole import unproject
from skelflow.camera.register import resample_color
from skelflow.errors import FormatError
from skelflow.io.files import is_file
from skelflow.recordings.azure_kinect.calibration import Device, read_device
from skelflow.recordings.reader import Reader
from skelflow.recordings.streams.timing import (
    Matches,
    describe_far,
    describe_gaps,
    frame_rate,
    match_times,
)
from skelflow.recordings.streams.track import MediaFile, Track, TrackReader, find_track, read_media
from skelflow.recordings.walk import walk_folders
from skelflow.types import Color, Depth, Frames, Intensity, Recording

EXPECTS = "a .mkv file of an Azure Kinect or Femto (k4arecorder)"

_BRIGHTEST = 16_000.0  # infrared that becomes 255; hardly anything is brighter


def recognizes(path: Path) -> bool:
    """Whether the path is a Matroska file."""
    return path.suffix.lower() == ".mkv" and is_file(path)


def find(folder: Path) -> Iterator[Path]:
    """Every Matroska file below a folder."""
    for base, _, files in walk_folders(folder):
        yield from (base / name for name in files if name.lower().endswith(".mkv"))


def read(path: Path) -> Recording:
    """Open a recording; frames are decoded one at a time.

    Parameters
    ----------
    path : the `.mkv` file.

    Returns
    -------
    Recording : depth as a pinhole camera would have taken it (the lens is taken out, by nearest
        pixels); infrared so as well, 0..255 by the square root of the sensor's values; color in
        the depth image's pixels, of the frame nearest in time, or left out where it was resized.
        Without joints.

    Raises
    ------
    FormatError
        The file is damaged, or has no depth track or no calibration.
    MissingExtraError
        PyAV is not installed.

    Notes
    -----
    Source: Azure Kinect Sensor SDK, "Azure Kinect DK recording file format". Times are those of
    the device: K4A_START_OFFSET_NS is the first one's and the same for all tracks.
    """
    media = read_media(path)
    depth, infrared, color = (find_track(media, (title,)) for title in ("DEPTH", "IR", "COLOR"))
    if depth is None:
        titles = ", ".join(track.title or "?" for track in media.tracks) or "none"
        raise FormatError(
            f"{path}: no depth track with frames (tracks: {titles}), expected {EXPECTS}"
        )
    device = _device(path, media, depth, color)
    times_s = depth.times_s
    rate_hz = frame_rate(times_s)
    depth_frames = _depth_frames(path, depth, device)
    repairs = [describe_gaps(times_s, rate_hz=rate_hz)]
    color_frames = infrared_frames = None
    if color is not None and device.color is None:
        repairs.append(
            f"color is left out: the camera delivers no {color.width}x{color.height}, so that its "
            "calibration does not say which pixel is which: was it resized?"
        )
    elif color is not None and device.color is not None:
        matches = match_times(times_s, color.times_s, rate_hz=rate_hz)
        repairs.append(describe_far("color image", matches))
        images = TrackReader(path, color, pixel_format="rgb24")
        color_frames = _color_frames(images, matches, depth_frames, device, device.color)
    if infrared is not None:
        matches = match_times(times_s, infrared.times_s, rate_hz=rate_hz)
        repairs.append(describe_far("infrared image", matches))
        infrared_frames = _infrared_frames(path, infrared, matches, device)
    return Recording(
        name=path.stem,
        path=path,
        camera=device.depth.pinhole,
        frame_rate_hz=rate_hz,
        depth=depth_frames,
        color=color_frames,
        infrared=infrared_frames,
        repairs=tuple(text for text in repairs if text),
    )


def _device(path: Path, media: MediaFile, depth: Track, color: Track | None) -> Device:
    """The cameras of the recorded modes."""
    content = media.attachments.get("calibration.json")
    if content is None:
        raise FormatError(f"{path}: no calibration.json attached, expected {EXPECTS}")
    device = read_device(
        path,
        content,
        depth_mode=depth.metadata.get("K4A_DEPTH_MODE", ""),
        color_size=None if color is None else (color.width, color.height),
    )
    pinhole = device.depth.pinhole
    if (depth.width, depth.height) != (pinhole.width, pinhole.height):
        raise FormatError(
            f"{path}: depth is {depth.width}x{depth.height}, its mode delivers "
            f"{pinhole.width}x{pinhole.height}"
        )
    return device


def _depth_frames(path: Path, track: Track, device: Device) -> Frames[Depth]:
    reader = TrackReader(path, track)

    def decode(t: int) -> Depth:
        depth_mm = device.depth.straighten(_sixteen_bits(reader, t), nearest=True)
        return depth_mm * np.float32(0.001)

    return Frames(len(reader), decode)


def _infrared_frames(
    path: Path, track: Track, matches: Matches, device: Device
) -> Frames[Intensity]:
    reader = TrackReader(path, track)

    def decode(t: int) -> Intensity:
        values = _sixteen_bits(reader, int(matches.index[t])).astype(np.float32)
        bright = 255 * np.sqrt(np.minimum(values / np.float32(_BRIGHTEST), 1))
        return np.asarray(device.depth.straighten(bright), np.float32)

    return Frames(len(matches.index), decode)


def _sixteen_bits(reader: TrackReader, t: int) -> np.ndarray:
    """A gray image of 16 bits, whichever byte comes first in the file."""
    image = reader.read(t)
    if image.ndim != 2 or image.dtype.itemsize != 2:
        raise FormatError(
            f"{reader.path}: track {reader.track.title} is {reader.track.pixel_format}, expected "
            "16-bit gray"
        )
    return image.astype(np.uint16)


def _color_frames(
    reader: TrackReader,
    matches: Matches,
    depth: Frames[Depth],
    device: Device,
    lens: LensCamera,
) -> Frames[Color]:
    """Color in the depth image's pixels, through the color camera's whole lens."""
    camera = device.depth.pinhole

    def decode(t: int) -> Color:
        depth_m = depth[t]
        pixels = lens.project(_placed(unproject(depth_m, camera), device))
        scale = lens.pinhole.fx / camera.fx
        return resample_color(reader.read(int(matches.index[t])), depth_m, pixels, scale=scale)

    return Frames(len(depth), decode)


def _placed(points_m: np.ndarray, device: Device) -> Float64[np.ndarray, "h w 3"]:
    """Depth-camera points in the color camera's frame; no depth stays no depth (z = 0)."""
    placed = points_m @ device.rotation.T + device.translation_m
    return np.where(points_m[..., 2:] > 0, placed, 0)


READER = Reader(name="azure_kinect", expects=EXPECTS, recognizes=recognizes, read=read, find=find)
