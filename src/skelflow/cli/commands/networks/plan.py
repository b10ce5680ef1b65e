"""The command that says what a data set will cost: plan."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.app import Count, app, parse_size, say


@app.command
def plan(
    source: Path,
    *,
    recipe: str | None = None,
    workers: Annotated[list[Count] | None, Parameter(negative=())] = None,
    window: Literal["center", "person"] = "center",
    crop: str = "320x240",
    size: str = "160x120",
    stride: Count = 3,
    preset: str = "paper",
    region: Literal["image", "crop", "clip"] = "image",
    intensity: Literal["auto", "infrared", "color", "none"] = "auto",
    protocol: str | None = None,
    device: str = "auto",
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Estimate what preparing and training a data set will cost, from a short measured probe.

    A few recordings are prepared into a temporary folder, on all cores; with a recipe, a few
    training steps are made on them. Nothing is left behind.

    Example:  skelflow plan NTU --workers 64 --recipe ntu/c3d_at2

    Parameters
    ----------
    source
        Folder of recordings.
    recipe
        Also time the training steps of this recipe, by name or file.
    workers
        More numbers of workers to plan for, as a cluster's; repeatable.
    window
        As in `skelflow prepare`, like the options below: the centered window of --crop, or a square
        around the person.
    crop
        Size of the centered window of the depth image, WIDTHxHEIGHT pixels.
    size
        What the window is resized to.
    stride
        Every stride-th frame pair gets a flow.
    preset
        Of the scene-flow solver.
    region
        What is solved.
    intensity
        What the flow sees beside depth.
    protocol
        Who trains.
    device
        What the training steps are timed on: "cpu", "cuda", "cuda:1", "mps"; "auto" takes an
        accelerator where there is one.
    json
        Print JSON instead of text.
    """
    import os
    from json import dumps

    from skelflow.cli.progress import bar
    from skelflow.datasets.prepare.config import PrepareConfig
    from skelflow.planning.plan import make_plan
    from skelflow.training.recipe import load_recipe

    config = PrepareConfig(
        window=window,
        crop=parse_size(crop),
        size=parse_size(size),
        stride=stride,
        preset=preset,
        region=region,
        intensity=intensity,
        protocol=protocol,
        workers=os.cpu_count() or 1,
    )
    run = None if recipe is None else load_recipe(recipe)
    with bar("probing") as progress:
        found = make_plan(
            source, config, run, workers=workers or [], device=device, progress=progress
        )
    say(dumps(found.to_dict(), indent=2) if json else found.to_text())
