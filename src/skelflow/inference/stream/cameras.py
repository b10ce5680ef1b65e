"""Cameras that are read while they record, by name."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

from skelflow.errors import ConfigError
from skelflow.inference.stream.frames import StreamFrame, StreamSource
from skelflow.inference.stream.realsense import open_realsense
from skelflow.io.plugins import Registry, load_plugins


class OpenCamera(NamedTuple):
    """A camera that gives frames until its iterator is closed, or it is unplugged."""

    source: StreamSource
    frames: Iterator[StreamFrame]


@runtime_checkable
class CameraOpener(Protocol):
    """What opens a camera of one kind."""

    def __call__(
        self, serial: str, *, most_hz: float | None
    ) -> tuple[StreamSource, Iterator[StreamFrame]]:
        """Start it: `serial` says which, "" the first; at most so many frames a second."""


_CAMERAS: Registry[CameraOpener] = Registry("camera")
_CAMERAS.add("realsense", open_realsense)


def register_camera(name: str, opener: CameraOpener) -> None:
    """Let `skelflow live NAME` read a camera of your own; `ConfigError` where the name is taken."""
    _CAMERAS.add(name, opener)


def list_cameras() -> list[str]:
    """Names of all cameras, those of other packages among them."""
    load_plugins()
    return sorted(_CAMERAS.all())


def is_camera(source: str) -> bool:
    """Whether a source is the name of a camera ("realsense", "realsense:SERIAL")."""
    return source.partition(":")[0] in list_cameras()


def open_camera(source: str, *, most_hz: float | None = None) -> OpenCamera:
    """Start a camera.

    Parameters
    ----------
    source : its name, and its serial number after a colon where there are several.
    most_hz : frames a second that are wanted at most; None = as the camera likes.

    Raises
    ------
    ConfigError
        There is no such camera; the nearest name is given.
    DataError
        It is not plugged in, or gives no frames.
    MissingExtraError
        The package that reads it is not installed.
    """
    name, _, serial = source.partition(":")
    opener = _CAMERAS.find(name)
    if serial and not serial.isalnum():
        raise ConfigError(f"{source}: expected {name}:SERIAL, letters and digits")
    return OpenCamera(*opener(serial, most_hz=most_hz))
