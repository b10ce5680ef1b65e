"""Pictures into a file: H.264 in MP4, animated GIF, or a strip in one PNG."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import UInt8

from skelflow.errors import ConfigError
from skelflow.io.atomic import atomic_write
from skelflow.io.files import absolute_text
from skelflow.viz.paint import save_png
from skelflow.viz.strip import spread

if TYPE_CHECKING:
    from PIL.Image import Image

Picture = UInt8[np.ndarray, "picture_h picture_w 3"]
Pictures = Iterator[Picture]

_QUALITY = "20"  # CRF of H.264: 0 is lossless, 51 the worst
_GAP_PX = 4
_PAPER = 255


def save_mp4(pictures: Pictures, path: Path, rate_hz: float) -> int:
    """H.264 with 4:2:0 chroma, which every browser and player shows; the number of pictures.

    The last row or column of an odd size is left out, for such chroma has none.

    Raises
    ------
    ConfigError
        This build of PyAV has no H.264 encoder.
    """
    import av

    try:
        av.codec.Codec("libx264", "w")
    except ValueError as error:
        raise ConfigError(
            f"{path}: this PyAV has no H.264 encoder; install it by pip, or write .gif or .png"
        ) from error
    first, count = next(pictures), 0
    height, width = (side // 2 * 2 for side in first.shape[:2])
    with (
        atomic_write(path) as aside,
        av.open(
            f"file:{absolute_text(aside)}", "w", format="mp4", options={"movflags": "faststart"}
        ) as container,
    ):
        rate = Fraction(rate_hz).limit_denominator(1001)
        stream = container.add_stream("libx264", rate=rate, options={"crf": _QUALITY})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in chain([first], pictures):
            even = np.ascontiguousarray(picture[:height, :width])
            for packet in stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")):
                container.mux(packet)
            count += 1
        for packet in stream.encode():
            container.mux(packet)
    return count


def save_gif(pictures: Pictures, path: Path, rate_hz: float) -> int:
    """An animation that repeats, at most 50 pictures a second; the number of pictures.

    GIF counts in hundredths of a second: each picture begins at the nearest one.
    """
    from PIL import Image as images  # noqa: N813 # a module

    frames = [images.fromarray(picture) for picture in pictures]
    palette = _palette(frames)
    drawn = [frame.quantize(palette=palette, dither=images.Dither.NONE) for frame in frames]
    begins = [round(100 * i / rate_hz) for i in range(len(drawn) + 1)]
    lasts_ms = [max(2, b - a) * 10 for a, b in pairwise(begins)]
    with atomic_write(path) as aside:
        drawn[0].save(
            aside,
            format="GIF",
            save_all=True,
            append_images=drawn[1:],
            duration=lasts_ms,
            loop=0,
            disposal=1,
        )
    return len(drawn)


def _palette(frames: "list[Image]") -> "Image":
    """The colors of some frames together, so that none flicker."""
    from PIL import Image as images  # noqa: N813 # a module

    picks = [frames[i] for i in spread(tuple(range(len(frames))), 8)]
    together = images.new("RGB", (picks[0].width, sum(pick.height for pick in picks)))
    for row, pick in enumerate(picks):
        together.paste(pick, (0, row * pick.height))
    return together.quantize(colors=256, method=images.Quantize.MEDIANCUT)


def save_strip_png(pictures: Pictures, path: Path, rate_hz: float) -> int:  # noqa: ARG001
    """All pictures side by side in one row; the number of pictures."""
    shown = list(pictures)
    gap = np.full((len(shown[0]), _GAP_PX, 3), _PAPER, np.uint8)
    parts = [part for picture in shown for part in (picture, gap)][:-1]
    save_png(path, np.concatenate(parts, axis=1))
    return len(shown)


def resized(pictures: Pictures, height: int | None) -> Pictures:
    """The same at another height; a picture is enlarged without smoothing."""
    for picture in pictures:
        if height is None or height == len(picture):
            yield picture
            continue
        width = max(1, round(picture.shape[1] * height / len(picture)))
        way = cv2.INTER_NEAREST if height > len(picture) else cv2.INTER_AREA
        yield np.asarray(cv2.resize(picture, (width, height), interpolation=way), np.uint8)


ENCODERS: Mapping[str, Callable[[Pictures, Path, float], int]] = {
    ".mp4": save_mp4,
    ".gif": save_gif,
    ".png": save_strip_png,
}
