"""Words of messages that depend on a number."""


def counted(number: int, one: str, many: str = "") -> str:
    """The number and its noun: `many` unless it is one; left out, `many` is `one` and an s.

    Examples
    --------
    >>> counted(1, "frame"), counted(0, "frame"), counted(1200, "body", "bodies")
    ('1 frame', '0 frames', '1,200 bodies')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
