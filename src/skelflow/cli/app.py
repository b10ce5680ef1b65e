"""The application: one line for a mistake, one for a stop."""

import os
import signal
import sys

from cyclopts import App, CycloptsError

from skelflow.errors import ConfigError, SkelflowError
from skelflow.version import __version__

app = App(
    name="skelflow",
    help="Recognize human actions in RGB-D recordings by scene flow and skeletons.",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # main answers it
)


def main() -> None:
    """Run the command; a mistake of the user's is one line on stderr and exit code 2."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system's Ctrl-C
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch then maps memory in large pages
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # as after SIGPIPE
    except (SkelflowError, CycloptsError) as error:
        _fail(" ".join(str(error).split()), 2)
    except ModuleNotFoundError as error:
        from skelflow.extras import missing_extra

        missing = missing_extra(error)
        if missing is None:
            raise
        _fail(str(missing), 2)
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on where it was", 130)


def _fail(message: str, code: int) -> None:
    process = process_number()
    sys.stderr.write(f"skelflow{f' (process {process})' if process else ''}: {message}\n")
    sys.exit(code)


def say(text: str = "") -> None:
    """Print a line; of several processes that a launcher started, the first one speaks."""
    if not process_number():
        sys.stdout.write(text + "\n")


def process_number() -> int:
    """Number of this process among those of one launch."""
    return int(os.environ.get("RANK", "0"))


def parse_size(text: str) -> tuple[int, int]:
    """Width and height out of WIDTHxHEIGHT; `ConfigError` for anything else."""
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise ConfigError(f"expected WIDTHxHEIGHT such as 320x240, found {text!r}")
    return int(width), int(height)
