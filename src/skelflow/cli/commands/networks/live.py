"""The command that answers while frames come: live."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.app import app, say
from skelflow.errors import ConfigError
from skelflow.wording import counted

if TYPE_CHECKING:
    from skelflow.inference import Recognizer
    from skelflow.inference.stream import StreamFrame, StreamSource

_OTHERS = ("/dev/video", "azure-kinect", "azure_kinect")


@app.command
def live(
    source: str,
    *,
    weights: str = "synthetic-8",
    window_s: float = 3.0,
    every_s: float = 0.5,
    most_behind: int = 6,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: str = "cpu",
    engine: str | None = None,
    pose: Literal["auto", "estimate", "recorded"] = "auto",
    precision: Literal["float32", "bfloat16"] = "float32",
) -> None:
    """Name the action while frames come: from a camera, or a recording replayed at its own rate.

    An answer looks back over the last seconds. Frames that come while too many wait are dropped and
    counted; latency is from the newest frame to the answer. A camera is read until Ctrl-C.

    Example:  skelflow live people/nturgb+d_depth/S001C002P001R001A023

    Example:  skelflow live realsense

    Parameters
    ----------
    source
        A recording (see docs/recordings.md), or realsense, or realsense:SERIAL where several are
        plugged in (needs skelflow[realsense]). Frames of other cameras are taken by
        `Recognizer.stream`.
    weights
        Folder made by `skelflow train`, a weights file, the name of bundled weights, or what
        `skelflow export` wrote.
    window_s
        Seconds that an answer looks back.
    every_s
        Seconds from one answer to the next.
    most_behind
        Frames that wait; when there are more, all but the newest are dropped.
    json
        Print a JSON object a line instead of text.
    device
        Where the network computes: cpu, an accelerator such as cuda or cuda:1, or auto.
    engine
        What runs the network: torch, onnxruntime or openvino (see docs/engines.md); when not given
        torch, or the one that an exported file is for.
    pose
        auto: joints are estimated where the network reads them and the source has none; estimate:
        always; recorded: never.
    precision
        bfloat16 is quicker where the processor knows it, and coarser.
    """
    from skelflow.inference import Recognizer
    from skelflow.inference.stream.cameras import is_camera, open_camera

    recognizer = Recognizer.load(
        weights, device=device, engine=engine, precision=precision, pose=pose
    )
    from_camera = is_camera(source) and not Path(source).exists()
    if from_camera:
        given, frames = open_camera(source, most_hz=recognizer.checkpoint.frame_rate_hz)
        recognizer.warm_up(frames, given)
    else:
        given, frames = _replayed(source, recognizer, most_behind)
    answer = None
    try:
        for answer in recognizer.stream(frames, given, window_s=window_s, every_s=every_s):
            say(answer.to_json() if json else answer.to_text())
    except KeyboardInterrupt:
        if not from_camera:
            raise
    if answer is not None and not json:
        kept_up = "kept up" if not answer.dropped else "did not keep up"
        say(
            f"{kept_up} with {given.frame_rate_hz:g} frames a second: "
            f"{answer.dropped} of {counted(answer.frames + answer.dropped, 'frame')} dropped"
        )


def _replayed(
    source: str, recognizer: "Recognizer", most_behind: int
) -> "tuple[StreamSource, Iterator[StreamFrame]]":
    """A recording in a camera's place."""
    from skelflow.datasets.prepare.adapt import at_rate
    from skelflow.inference.stream import StreamSource, frames_of, replay
    from skelflow.inference.stream.cameras import list_cameras
    from skelflow.recordings import open_recording

    if source.startswith(_OTHERS) and not Path(source).is_file():
        raise ConfigError(
            f"{source}: such a camera is not read itself; those that are: "
            f"{', '.join(list_cameras())}. Replay what it records (.mkv of k4arecorder), or hand "
            "its frames to Recognizer.stream"
        )
    recording = at_rate(open_recording(source), recognizer.checkpoint.frame_rate_hz)
    given = StreamSource.of(recording)
    recognizer.warm_up(frames_of(recording), given)
    return given, replay(recording, most_behind=most_behind)
