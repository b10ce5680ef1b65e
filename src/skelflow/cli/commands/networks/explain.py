"""The command that shows what a network saw: explain."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.app import app, say


@app.command
def explain(
    run: Path,
    recordings: list[Path],
    *,
    out: Path,
    title: str | None = None,
    note: str = "",
    device: str = "cpu",
    filters: Annotated[bool, Parameter(negative=())] = False,
    pose: Literal["auto", "estimate", "recorded"] = "auto",
) -> None:
    """Recognize recordings and show, frame by frame, what the network saw and attended to.

    Writes one page, OUT/index.html, that any browser opens: image, depth, colored flow and
    attention side by side, and the probability of the likeliest actions over time.

    With --filters it draws OUT/filters.png instead, from the skeletons alone: for each action the
    filters of the skeleton network's first layer that respond most, their responses to each joint,
    and the joints' scores (the paper's Fig. 3), averaged over the recordings of the action.

    Example:  skelflow explain runs/fused UTD_MHAD/depth/a27_s8_t3_depth.mat --out explained

    Parameters
    ----------
    run
        Folder made by `skelflow train`, a weights file, or the name of bundled weights.
    recordings
        Recordings (see docs/recordings.md), or folders that hold some.
    out
        Folder for the page, made when it is not there.
    title
        Over the page; names the network when not given.
    note
        A line below the title.
    device
        Where the network computes: cpu, an accelerator such as cuda or cuda:1, or auto; filters
        take a moment, and the processor.
    filters
        Draw the guide's filters instead of the page; the network needs a Res-TCN-BJCN.
    pose
        Whether joints are estimated, as for `skelflow predict`.
    """
    from skelflow.cli.progress import bar

    if filters:
        from skelflow.viz.filters import explain_filters

        with bar("explaining") as progress:
            drawn = explain_filters(
                run, recordings, out / "filters.png", pose=pose, progress=progress
            )
        for name, reason in drawn.failed:
            say(f"left out {name}: {reason}")
        say(f"{out / 'filters.png'}: {', '.join(drawn.actions)}")
        return
    from skelflow.viz.explained import explain_recordings

    with bar("explaining") as progress:
        page = explain_recordings(
            run,
            recordings,
            out / "index.html",
            title=title,
            note=note,
            device=device,
            pose=pose,
            progress=progress,
        )
    for result in page.results:
        say(result.to_text())
    for name, reason in page.failed:
        say(f"left out {name}: {reason}")
    say(f"{page.path}: open it in a browser")
