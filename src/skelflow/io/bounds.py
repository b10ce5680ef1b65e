"""How much is read at most of what others made, so that no file can fill the memory."""

import os
from dataclasses import dataclass

from skelflow.errors import ConfigError, SkelflowError


@dataclass(frozen=True)
class Bound:
    """The most of something that is taken; an environment variable sets another one.

    Processes that prepare recordings side by side take over the environment, and so the bound.

    Parameters
    ----------
    variable : the environment variable.
    default : where the variable is not set.
    unit : of both, for messages.

    Examples
    --------
    >>> TEXT.check(200, "wave.skeleton")
    Traceback (most recent call last):
    ...
    skelflow.errors.SkelflowError: wave.skeleton: 200 MB of text, at most 64 are read; \
if that is right, set SKELFLOW_MAX_TEXT_MB=200
    """

    variable: str
    default: int
    unit: str

    @property
    def most(self) -> int:
        """The bound that holds now.

        Raises
        ------
        ConfigError
            The environment variable is no whole number from 1.
        """
        text = os.environ.get(self.variable, "").strip()
        if not text:
            return self.default
        if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 0):
            raise ConfigError(
                f"environment variable {self.variable}: found {text[:40]!r}, expected a whole "
                f"number of {self.unit}"
            )
        return int(text)

    def check(
        self, amount: int | float, where: object, refusal: type[SkelflowError] = SkelflowError
    ) -> None:
        """Raise `refusal`, which names the variable to set, when an amount is beyond the bound."""
        if amount > (most := self.most):
            raise refusal(
                f"{where}: {_short(amount)} {self.unit}, at most {most} are read; if that is "
                f"right, set {self.variable}={_short(amount)}"
            )


def _short(amount: int | float) -> str:
    """The next whole number, or the power of ten of one that is too long to read."""
    return f"{amount:.0e}" if amount > 1e15 else str(-int(-amount // 1))


MB = 2**20
FILE = Bound("SKELFLOW_MAX_FILE_MB", 8192, "MB")  # of any kind
STREAM = Bound("SKELFLOW_MAX_STREAM_MB", 2**20, "MB")  # videos and bags, never in memory as a whole
TEXT = Bound("SKELFLOW_MAX_TEXT_MB", 64, "MB of text")  # a .skeleton of 300 frames has 1
TOML = Bound("SKELFLOW_MAX_TOML_MB", 1, "MB of TOML")  # written by hand
STACK = Bound("SKELFLOW_MAX_STACK_MB", 8192, "MB of images")  # of one recording, in memory
NUMBERS = Bound("SKELFLOW_MAX_ARRAY_MB", 512, "MB of numbers")  # in memory, of one file
IMAGE = Bound("SKELFLOW_MAX_IMAGE_MPX", 64, "megapixels")
NETWORK = Bound("SKELFLOW_MAX_NETWORK_MB", 4096, "MB of parameters")  # C3D has 299
