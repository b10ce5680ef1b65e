"""The application: one line for a mistake, one for a stop, and what every command takes."""

import os
import signal
import sys
from typing import Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from skelflow.cli.streams import close_output, open_streams, printable, write_error
from skelflow.cli.verbosity import speaking
from skelflow.errors import ConfigError, SkelflowError
from skelflow.io.numbers import parse_whole
from skelflow.version import __version__

Count = Annotated[int, Parameter(validator=Number(gte=1, lt=2**31))]

app = App(
    name="skelflow",
    help="Recognize human actions in RGB-D recordings by scene flow and skeletons.",
    version=__version__,
    help_format="plaintext",
    default_parameter=Parameter(negative_iterable=()),  # no --empty-recordings
    suppress_keyboard_interrupt=False,  # main answers it
)

app.meta.group_parameters = "Everywhere"
app.meta.suppress_keyboard_interrupt = False
app.register_install_completion_command(
    help="Let the shell complete commands and options; adds a line to its start-up file."
)

_NARROWEST = 10  # columns of a terminal
_NUMBERS = {"RANK": 0, "WORLD_SIZE": 1, "NUMBA_NUM_THREADS": 1}  # variables, and the least of each


def main() -> None:
    """Run the command; a mistake of the user's is one line on stderr and exit code 2."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system's Ctrl-C
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch then maps memory in large pages
    open_streams()
    _widen_terminal()
    try:
        _check_environment()
        app.meta(sys.argv[1:], exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has enough, as `head` has
        close_output()
        sys.exit(141)  # as after SIGPIPE
    except (SkelflowError, CycloptsError) as error:
        _fail(" ".join(str(error).split()), 2)
    except ModuleNotFoundError as error:
        from skelflow.extras import missing_extra

        missing = missing_extra(error)
        if missing is None:
            raise
        _fail(str(missing), 2)
    except OSError as error:  # of the system, about a place that the command was given
        close_output()
        where = f"{error.filename}: " if error.filename is not None else ""
        _fail(f"{where}{error.strerror or error}", 2)
    except MemoryError:
        _fail("there is too little memory for this", 2)
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on where it was", 130)


@app.meta.default
def run_command(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), negative=())] = False,
    verbose: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Run one command.

    Parameters
    ----------
    quiet
        No bars and no notes: answers and mistakes alone.
    verbose
        Also what happens on the way, and where a mistake came up.
    """
    if quiet and verbose:
        raise ConfigError("--quiet and --verbose: expected one of both")
    with speaking("quiet" if quiet else "verbose" if verbose else "usual"):
        app(words, exit_on_error=False, print_error=False)


def _widen_terminal() -> None:
    """Lay help out for a few columns at least; for a single one that takes a minute."""
    columns = parse_whole(os.environ.get("COLUMNS", ""), below=2**31)
    if columns is not None and 0 < columns < _NARROWEST:
        os.environ["COLUMNS"] = str(_NARROWEST)


def _check_environment() -> None:
    """Refuse numbers at which other libraries would end unnamed, and half of a launch."""
    for name, least in _NUMBERS.items():
        text = os.environ.get(name, "")
        number = parse_whole(text, below=2**31)
        if text and (number is None or number < least):
            raise ConfigError(
                f"environment variable {name}: found {text[:40]!r}, expected a whole number from "
                f"{least}"
            )
    processes = os.environ.get("WORLD_SIZE", "")
    if process_number() >= (parse_whole(processes) or 1):  # it would leave the answer to process 0
        raise ConfigError(
            f"environment variable RANK: found {process_number()}, expected less than WORLD_SIZE, "
            f"which is {processes or 'not set'}; torchrun and accelerate launch set both, unset "
            "RANK to run without them"
        )


def _fail(message: str, code: int) -> NoReturn:
    process = process_number()
    write_error(f"skelflow{f' (process {process})' if process else ''}: {message}")
    sys.exit(code)


def say(text: str = "") -> None:
    """Print a line; of several processes that a launcher started, the first one speaks."""
    if not process_number():
        sys.stdout.write(printable(text) + "\n")


def process_number() -> int:
    """Number of this process among those of one launch."""
    return parse_whole(os.environ.get("RANK", "0")) or 0


def parse_size(text: str) -> tuple[int, int]:
    """Width and height out of WIDTHxHEIGHT; `ConfigError` for anything else."""
    width, height = (parse_whole(part) for part in text.lower().partition("x")[::2])
    if width is None or height is None:
        raise ConfigError(f"expected WIDTHxHEIGHT such as 320x240, found {text[:40]!r}")
    return width, height


def parse_span(option: str, text: str) -> tuple[int, int | None]:
    """First and one past the last out of START:STOP; `ConfigError` for anything else."""
    start, colon, stop = text.partition(":")
    first, end = parse_whole(start or "0"), parse_whole(stop or "0")
    if not colon or first is None or end is None:
        raise ConfigError(f"{option}: expected START:STOP such as 10:40, found {text[:40]!r}")
    return first, end if stop else None
