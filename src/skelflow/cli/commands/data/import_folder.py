"""The command that turns recordings of any source into folders of one's own: import."""

import re
from pathlib import Path

from skelflow.cli.app import app, say
from skelflow.wording import counted

_UNFIT = re.compile(r'[:*?"<>|]')  # in the name of a folder, on some systems


@app.command(name="import")
def import_(
    source: Path,
    *,
    out: Path,
    depth_scale: float = 0.001,
    depth_topic: str | None = None,
    color_topic: str | None = None,
) -> None:
    """Write recordings of any source as folders of images, skeleton.csv and recording.toml.

    Such a folder is read by every command, and can be looked at and corrected by hand.

    Example:  skelflow import recording.mkv --out wave

    Example:  skelflow import drive.bag --depth-topic /camera/depth/image_raw --out drive

    Parameters
    ----------
    source
        A recording (see docs/recordings.md), or a folder or file of many.
    out
        The folder to make; of many recordings, each gets a folder of its name in it, with _ for
        characters that not every system takes.
    depth_scale
        Meters a unit of the depth images that are written.
    depth_topic
        Of a ROS bag: which topic is the depth.
    color_topic
        Of a ROS bag: which topic is the color.
    """
    from dataclasses import replace
    from functools import partial

    from skelflow.datasets.store.store import check_sequence_name
    from skelflow.errors import ConfigError, SkelflowError
    from skelflow.recordings import find_recordings, open_recording
    from skelflow.recordings.folder.writer import write_folder
    from skelflow.recordings.ros import READER, read_bag

    paths = find_recordings(source)
    are_chosen = depth_topic is not None or color_topic is not None
    read = partial(read_bag, depth_topic=depth_topic, color_topic=color_topic)
    chosen = replace(READER, read=read)
    if are_chosen and not all(READER.recognizes(path) for path in paths):
        raise ConfigError("--depth-topic and --color-topic are for ROS bags")
    failed = 0
    for path in paths:
        try:
            recording = chosen.open(path) if are_chosen else open_recording(path)
            folder = out
            if paths != [source]:
                own = _UNFIT.sub("_", recording.name)
                check_sequence_name(own)
                folder = out / own
            notes = write_folder(recording, folder, depth_scale=depth_scale)
        except SkelflowError as error:
            if paths == [source]:
                raise
            failed += 1
            say(f"  failed: {error}")
            continue
        say(f"{folder}: {counted(len(recording), 'frame')}")
        for note in notes:
            say(f"  {note}")
    if failed:
        raise SkelflowError(f"{failed} of {counted(len(paths), 'recording')} could not be imported")
