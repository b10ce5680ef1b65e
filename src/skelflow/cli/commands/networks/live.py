"""The command that answers while frames come: live."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.app import app, say
from skelflow.errors import ConfigError

_CAMERAS = ("/dev/video", "realsense", "azure-kinect")


@app.command
def live(
    source: Path,
    *,
    weights: str = "synthetic-8",
    window_s: float = 3.0,
    every_s: float = 0.5,
    most_behind: int = 6,
    json: Annotated[bool, Parameter(negative=())] = False,
    device: str = "cpu",
    engine: str | None = None,
    precision: Literal["float32", "bfloat16"] = "float32",
) -> None:
    """Name the action while frames come: a recording is replayed at its own rate, as from a camera.

    An answer looks back over the last seconds. Frames that come while too many wait are dropped and
    counted; latency is from the newest frame to the answer.

    Example:  skelflow live people/nturgb+d_depth/S001C002P001R001A023

    Parameters
    ----------
    source
        A recording (see docs/recordings.md). Cameras themselves are read by
        `Recognizer.stream`, from frames that a program hands over.
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
    precision
        bfloat16 is quicker where the processor knows it, and coarser.
    """
    from skelflow.datasets.prepare.adapt import at_rate
    from skelflow.inference import Recognizer
    from skelflow.inference.stream import StreamSource, replay
    from skelflow.recordings import open_recording

    if str(source).startswith(_CAMERAS) and not source.is_file():
        raise ConfigError(
            f"{source}: cameras are not read themselves yet; replay what they record (.bag of "
            "realsense-viewer, .mkv of k4arecorder), or hand frames to Recognizer.stream"
        )
    recognizer = Recognizer.load(weights, device=device, engine=engine, precision=precision)
    recording = at_rate(open_recording(source), recognizer.checkpoint.frame_rate_hz)
    recognizer.warm_up(recording)
    answer = None
    for answer in recognizer.stream(
        replay(recording, most_behind=most_behind),
        StreamSource.of(recording),
        window_s=window_s,
        every_s=every_s,
    ):
        say(answer.to_json() if json else answer.to_text())
    if answer is not None and not json:
        kept_up = "kept up" if not answer.dropped else "did not keep up"
        say(
            f"{kept_up} with {recording.frame_rate_hz:g} frames a second: "
            f"{answer.dropped} of {answer.frames + answer.dropped} frames dropped"
        )
