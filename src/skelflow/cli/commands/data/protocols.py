"""The command that lists protocols: who trains, who tests."""

from typing import Annotated

from cyclopts import Parameter

from skelflow.cli.app import app, say


@app.command
def protocols(
    *,
    counts: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """List who trains and who tests, for each data set.

    Example:  skelflow protocols --counts

    Parameters
    ----------
    counts
        Count the recordings of each NTU RGB+D protocol from the official names and lists of bad
        samples alone, beside the published counts; exit code 1 where they differ.
    json
        Print JSON instead of text.
    """
    from json import dumps

    from skelflow.datasets.inspect.protocol_tables import (
        compare_counts,
        describe_protocols,
        list_protocols,
    )

    if not counts:
        say(dumps(list_protocols(), indent=2) if json else describe_protocols())
        return
    comparison = compare_counts()
    say(dumps(comparison.to_dict(), indent=2) if json else comparison.to_text())
    if not comparison.agrees:
        raise SystemExit(1)
