"""The commands that train a network and list the recipes to train it by: train, recipes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from skelflow.cli.app import app, say

if TYPE_CHECKING:
    from skelflow.training.report import StepReport


@app.command
def train(
    recipe: str,
    store: Path,
    *,
    run: Path,
    set_: Annotated[list[str] | None, Parameter(name=["--set", "-s"])] = None,
    device: str = "auto",
    logger: Literal["picture", "tensorboard", "none"] = "picture",
) -> None:
    """Train a network by a recipe; a stopped run goes on with the same command.

    Example:  skelflow train utd_mhad/cpu/res_tcn_bjcn stores/utd --run runs/bjcn

    Parameters
    ----------
    recipe
        One of `skelflow recipes`, or a TOML file; it says what differs from the defaults, which are
        the paper's.
    store
        Store made by `skelflow prepare`.
    run
        Folder for checkpoints, metrics and the resolved configuration.
    set_
        One setting that differs from the recipe, as --set optim.lr=0.01; repeatable.
    device
        cpu, cuda, cuda:1 or mps; auto takes an accelerator where there is one.
    logger
        Where learning curves go after each epoch: picture draws RUN/curves.png, tensorboard
        writes what `tensorboard --logdir RUN` shows.
    """
    from skelflow.cli.loggers import make_logger
    from skelflow.cli.progress import epochs
    from skelflow.training.loop import train as train_network
    from skelflow.training.recipe import load_recipe

    config, log = load_recipe(recipe, set_ or []), make_logger(logger, run)
    with epochs() as show:

        def progress(report: "StepReport") -> None:
            show(report)
            if report.metrics is not None:
                log(report.metrics)

        result = train_network(config, store, run, device=device, progress=progress)
    held_out = (
        "" if result.held_out_top1 is None else f", held-out top-1 {result.held_out_top1:.1%}"
    )
    say(f"{result.weights}: epoch {result.epoch}, chosen by {result.chosen_by}{held_out}")


@app.command
def recipes(pattern: str = "*") -> None:
    """List the recipes to train by, with their first line.

    Example:  skelflow recipes "utd_mhad/cpu/*"

    Parameters
    ----------
    pattern
        Names to list, with wildcards.
    """
    from skelflow.recipes import describe_recipe, list_recipes

    names = list_recipes(pattern)
    for name in names:
        say(f"{name:<24} {describe_recipe(name)}")
    if not names:
        say(f"no recipe matches {pattern!r}; `skelflow recipes` lists all")
