"""Names of NTU RGB+D recordings: `SsssCcccPpppRrrrAaaa`."""

import re

from skelflow.types import Labels

NTU_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})(?!\d)")


def ntu_name(text: str) -> str | None:
    """The `SsssCcccPpppRrrrAaaa` inside a file or folder name, or None."""
    match = NTU_NAME.search(text)
    return match.group() if match else None


def ntu_labels(name: str) -> Labels:
    """What an NTU RGB+D name says: setup, camera, performer, replication, action.

    Examples
    --------
    >>> ntu_labels("S001C002P003R001A058").action
    58
    """
    match = NTU_NAME.search(name)
    if match is None:
        return Labels()
    setup, camera, subject, replication, action = map(int, match.groups())
    return Labels(
        action=action, subject=subject, camera=camera, setup=setup, replication=replication
    )
