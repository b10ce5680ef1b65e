"""How much a visitor may ask of the server."""

from typing import Annotated

from pydantic import Field

from skelflow.settings import Count, Positive, Settings

_MIB = 2**20
Bytes = Annotated[int, Field(ge=1, le=2**40)]


class Limits(Settings):
    """Bounds of uploads, of the work on one recording, and of what is kept.

    Parameters
    ----------
    upload_bytes : of one upload, as it is sent.
    upload_s : how long sending it may take.
    unpacked_bytes, files : of an archive, unpacked.
    image_pixels : of one image or one frame of a video.
    frames : of a recording.
    work_s : how long reading and recognizing one recording may take.
    memory_bytes : what the process that does so may take beside its libraries.
    live : recordings that are replayed on the page at the same time.
    waiting : recordings that wait for their turn; the server is busy for more.
    kept, kept_s : answers that are kept at most, and how long.
    """

    upload_bytes: Bytes = 256 * _MIB
    upload_s: Positive = 300.0
    unpacked_bytes: Bytes = 1024 * _MIB
    files: Count = 4000
    image_pixels: Count = 1920 * 1200
    frames: Count = 900
    work_s: Positive = 600.0
    memory_bytes: Bytes = 3072 * _MIB
    live: Count = 2
    waiting: Count = 8
    kept: Count = 64
    kept_s: Positive = 3600.0
