"""The command that shows recordings in the browser: serve."""

from pathlib import Path

from skelflow.cli.app import Count, app, say


@app.command
def serve(
    weights: str = "synthetic-8",
    *,
    recordings: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    name: tuple[str, ...] = (),
    workers: Count = 1,
) -> None:
    """Show in the browser what a network saw in a recording, and why it answers as it does.

    Listens on this machine alone. Recordings are chosen from a list or dropped on the page; what is
    sent is checked, read in a process of its own, and removed when it was read.

    Example:  skelflow serve

    Parameters
    ----------
    weights
        Folder made by `skelflow train`, a weights file, or the name of bundled weights.
    recordings
        Folder of recordings to choose from; two bundled ones when not given.
    host
        Address to listen on. Any but 127.0.0.1 lets others in, without a password; with 0.0.0.0
        (all of this machine's) the one that they ask by is named with --name.
    port
        To listen on; 0 takes a free one.
    name
        A further name or address by which others ask for this machine, such as 192.168.1.5;
        repeatable.
    workers
        Recordings that are worked on at the same time.
    """
    import sys
    from contextlib import suppress

    from skelflow.web.serve import address, is_wildcard, server

    with server(
        weights, recordings=recordings, host=host, port=port, names=name, workers=workers
    ) as (runs, ear):
        say(f"open {address(ear)} in a browser; Ctrl-C stops")
        if is_wildcard(ear) and not name:
            say(
                "other names and addresses of this machine are refused until they are given: "
                "--name 192.168.1.5"
            )
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):  # uvicorn ends first, and raises it then
            runs.run(sockets=[ear])
