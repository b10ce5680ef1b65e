"""The command that lists the networks, and the weights that come with the package."""

from typing import Annotated

from cyclopts import Parameter

from skelflow.cli.app import app, say


@app.command
def models(pattern: str = "*", *, weights: Annotated[bool, Parameter(negative=())] = False) -> None:
    """List the networks, or the weights that come with skelflow.

    Example:  skelflow models "c3d*"

    Example:  skelflow models --weights

    Parameters
    ----------
    pattern
        Names to list, with wildcards.
    weights
        The bundled weights instead, each with what it reads, was trained on and reaches.
    """
    if weights:
        _list_weights(pattern)
        return
    from skelflow.models.registry import list_models

    names = list_models(pattern)
    for name in names:
        say(name)
    if not names:
        say(f"no network matches {pattern!r}; `skelflow models` lists all")


def _list_weights(pattern: str) -> None:
    import fnmatch

    from skelflow.weights import bundled_names
    from skelflow.weights.cards import read_card

    names = fnmatch.filter(bundled_names(), pattern)
    for name in names:
        card = read_card(name)
        say(f"{name}  ({card.megabytes} MB, {card.license})")
        say(f"  {card.what}")
        say(f"  reads     {card.reads}")
        say(f"  trained   {card.data}; {card.cost}")
        say(f"  reaches   {card.accuracy}")
        say(f"  made by   {card.commands[0]}")
        for command in card.commands[1:]:
            say(f"            {command}")
    if not names:
        say(f"no weights match {pattern!r}; `skelflow models --weights` lists all")
