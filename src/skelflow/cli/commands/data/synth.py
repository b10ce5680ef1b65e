"""The command that makes synthetic recordings of people."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from skelflow.cli.app import Count, app, parse_size, say


def _numbers(option: str, text: str) -> tuple[int, ...]:
    from skelflow.errors import ConfigError
    from skelflow.io.numbers import parse_whole

    numbers = [parse_whole(part.strip()) for part in text.split(",")]
    if None in numbers:
        raise ConfigError(f"{option}: expected numbers such as 1,10,23, found {text[:80]!r}")
    return tuple(number for number in numbers if number is not None)


@app.command
def synth(
    *,
    out: Path,
    actions: str | None = None,
    people: Count | None = None,
    setups: Count = 2,
    cameras: str = "1,2,3",
    replications: Count | None = None,
    seed: int = 0,
    clean: Annotated[bool, Parameter(negative=())] = False,
    color_size: str = "1920x1080",
    color: bool = True,
    masked: Annotated[bool, Parameter(negative=())] = False,
    distractors: bool = True,
    longest: Count | None = None,
    from_: Annotated[
        tuple[Path, ...], Parameter(name="--from", negative=(), consume_multiple=True)
    ] = (),
    sheet: Annotated[bool, Parameter(negative=())] = False,
    workers: Count | None = None,
) -> None:
    """Make recordings of synthetic people, laid out as NTU RGB+D, with exactly known flow.

    Depth, infrared, color and skeletons go into the official folders; OUT/truth has the 3D flow
    of every pixel and the body part it belongs to (docs/synth.md). A stopped run goes on with the
    same command.

    Example:  skelflow synth --out people --actions 10,23 --people 2 --color-size 480x270

    Example:  skelflow synth --out played --from UTD_MHAD/depth/a1_s1_t1_depth.mat --no-color

    Parameters
    ----------
    out
        The folder to make or to go on with.
    actions
        NTU RGB+D's numbers, as 1,10,23; all known actions when not given.
    people
        How many performers; they take turns in the set-ups. 8 when not given.
    setups
        How many rooms, each with its own camera distance and height.
    cameras
        Of 1, 2, 3: from 45 degrees on one side, from the front, from 45 degrees on the other.
    replications
        How often everyone does everything; once when not given.
    seed
        Of everything. A recording depends on it and on its own name only.
    clean
        No noise in images and joints, no holes, nothing hidden from the tracker.
    color_size
        Of the color video, WIDTHxHEIGHT pixels; a small one is faster.
    color
        Make a color video.
    masked
        Also write depth of the acting people alone.
    distractors
        Now and then, curtains in the wind, pedestrians, screens, trembling cameras.
    longest
        Frames that a recording has at most, cut from its middle; all when not given.
    from_
        Retarget the skeletons of these recordings instead of performing actions; their labels say
        who does what, so --actions, --people and --replications do not go with it.
    sheet
        Also draw eight of the recordings, with their true and an estimated flow: OUT/sheet.jpg.
    workers
        Processes side by side; one a core when not given.
    """
    import os

    from skelflow.cli.progress import bar
    from skelflow.datasets.catalog import known_action_names
    from skelflow.errors import ConfigError
    from skelflow.extras import require
    from skelflow.synth.recording.recording_spec import SynthConfig
    from skelflow.synth.recording.synthesize import synthesize
    from skelflow.viz.people import save_contact_sheet

    performing = {"--actions": actions, "--people": people, "--replications": replications}
    if from_ and (extra := [name for name, value in performing.items() if value is not None]):
        raise ConfigError(
            f"{', '.join(extra)}: of no effect with --from, whose recordings say who does what; "
            "leave one of them away"
        )
    config = SynthConfig(
        actions=None if actions is None else _numbers("--actions", actions),
        people=people or 8,
        setups=setups,
        cameras=_numbers("--cameras", cameras),
        replications=replications or 1,
        seed=seed,
        clean=clean,
        color_size=parse_size(color_size) if color else None,
        masked=masked,
        distractors=distractors,
        longest=longest,
        retargeted=from_,
    )
    if sheet and not color:
        raise ConfigError("--sheet shows color: leave --no-color away")
    if sheet:
        require("matplotlib")
    processes = workers or os.cpu_count() or 1
    names = known_action_names(from_)
    with bar("making") as progress:
        report = synthesize(out, config, workers=processes, action_names=names, progress=progress)
    say(report.to_text())
    if sheet:
        picture = out / "sheet.jpg"
        with bar("drawing") as progress:
            save_contact_sheet(
                out, report.recordings, picture, threads=processes, progress=progress
            )
        say(f"  sheet       {picture}")
