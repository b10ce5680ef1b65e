"""The command that recognizes one recording."""

from pathlib import Path
from typing import Literal

from skelflow.cli.app import app, say


@app.command
def predict(
    run: Path,
    recording: Path,
    *,
    json: bool = False,
    top: int = 5,
    device: str = "cpu",
    pose: Literal["auto", "estimate", "recorded"] = "auto",
) -> None:
    """Recognize the action in one recording.

    Example:  skelflow predict runs/fused UTD_MHAD/depth/a27_s8_t3_depth.mat

    Parameters
    ----------
    run
        Folder made by `skelflow train`, or a weights file.
    recording
        A recording (see docs/recordings.md).
    json
        Print JSON instead of text.
    top
        How many actions to name.
    device
        Where the network computes: cpu, an accelerator such as cuda or cuda:1, or auto.
    pose
        Joints: auto estimates them where the network reads joints and the recording has none,
        estimate always, recorded never. The answer says when they were estimated.
    """
    from skelflow.inference import Recognizer

    result = Recognizer.load(run, device=device, pose=pose).recognize(recording, top=top)
    say(result.to_json() if json else result.to_text())
