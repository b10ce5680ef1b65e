"""The command that lists the networks."""

from skelflow.cli.app import app, say


@app.command
def models(pattern: str = "*") -> None:
    """List the networks.

    Example:  skelflow models "c3d*"

    Parameters
    ----------
    pattern
        Names to list, with wildcards.
    """
    from skelflow.models.registry import list_models

    for name in list_models(pattern):
        say(name)
