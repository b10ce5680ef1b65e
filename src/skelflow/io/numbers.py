"""Numbers in text that others wrote: ASCII digits only, and of a length that can be a number.

Python's own `int` and `float` also take "1_000", digits of other scripts, and raise at 5000 digits.
"""

import math

_LONGEST = 400  # digits; the largest float has 309


def parse_whole(text: str, *, below: int = 10**18) -> int | None:
    """The whole number from 0 that a text says; None where it says none, or one not below.

    Examples
    --------
    >>> parse_whole("12"), parse_whole("²"), parse_whole("-1"), parse_whole("9" * 5000)
    (12, None, None, None)
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        return None
    number = int(text)
    return number if number < below else None


def is_no_number(text: str) -> bool:
    """Whether it is what Microsoft's C writes where there is no number.

    Examples
    --------
    >>> [is_no_number(text) for text in ("-1.#IND", "1.#QNAN00", "-1.5", "1.#")]
    [True, True, False, False]
    """
    _, hash_sign, kind = text.partition(".#")
    return bool(hash_sign) and kind[:3] in ("IND", "QNA", "SNA", "INF")


def parse_real(text: str) -> float | None:
    """The finite number that a text says, or NaN where it says so; None where it says none.

    Examples
    --------
    >>> parse_real("-1.5e3"), parse_real("1_0"), parse_real("1e999"), parse_real("inf")
    (-1500.0, None, None, None)
    """
    if not text.isascii() or "_" in text or len(text) > _LONGEST:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isinf(number) else number
