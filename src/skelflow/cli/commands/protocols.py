"""The command that lists protocols: who trains, who tests."""

from typing import Annotated

from cyclopts import Parameter

from skelflow.cli.app import app, say


@app.command
def protocols(*, counts: Annotated[bool, Parameter(negative=())] = False) -> None:
    """List who trains and who tests, for each data set.

    Example:  skelflow protocols --counts

    Parameters
    ----------
    counts
        Count the recordings of each NTU RGB+D protocol from the official names and lists of bad
        samples alone, beside the published counts; exit code 1 where they differ.
    """
    from skelflow.datasets.inspect.protocol_tables import compare_counts, describe_protocols

    if not counts:
        say(describe_protocols())
        return
    comparison = compare_counts()
    say(comparison.to_text())
    if not comparison.agrees:
        raise SystemExit(1)
