"""Commands that look into recordings: info."""

from pathlib import Path

from skelflow.cli.shell import app, say


@app.command
def info(path: Path) -> None:
    """Say what a recording holds.

    Example:  skelflow info UTD_MHAD/depth/a1_s1_t1_depth.mat

    Parameters
    ----------
    path
        A recording (see docs/recordings.md).
    """
    from skelflow.recordings import open_recording

    recording = open_recording(path)
    camera, skeleton = recording.camera, recording.skeleton
    say(f"{recording.name}: {len(recording)} frames at {recording.frame_rate_hz:g} Hz")
    say(
        f"  depth      {camera.width} x {camera.height}, fx {camera.fx:.1f}, fy {camera.fy:.1f}, "
        f"center ({camera.cx:.1f}, {camera.cy:.1f})"
    )
    say(f"  color      {'yes' if recording.color is not None else 'no'}")
    say(f"  infrared   {'yes' if recording.infrared is not None else 'no'}")
    if skeleton is not None:
        _, bodies, joints, _ = skeleton.joints_m.shape
        say(f"  skeleton   {skeleton.layout}, {bodies} bodies, {joints} joints")
    known = {k: v for k, v in vars(recording.labels).items() if v is not None}
    say(f"  labels     {', '.join(f'{k} {v}' for k, v in known.items()) or 'none'}")
