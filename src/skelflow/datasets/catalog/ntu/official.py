"""The official lists of NTU RGB+D: who was recorded where, and which recordings are bad."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal

from skelflow.datasets.catalog.data_set import read_lines
from skelflow.types import Labels


@cache
def bad_samples(listed: Literal["60", "120"]) -> frozenset[str]:
    """The official list of recordings with missing or incomplete skeletons.

    Parameters
    ----------
    listed : of NTU RGB+D (60 actions) or of NTU RGB+D 120.
    """
    return frozenset(read_lines(__package__, f"missing_skeletons_{listed}.txt"))


def official_names() -> Iterator[tuple[str, Labels]]:
    """Every recording of NTU RGB+D 120 as published: name and labels, bad samples included.

    Setups 1-17 hold actions 1-60, setups 18-32 actions 61-120; every performer of a setup has
    three cameras and two replications.
    """
    for line in read_lines(__package__, "performers.txt"):
        setup, *performers = (int(number) for number in re.findall(r"\d+", line))
        first = 1 if setup <= 17 else 61
        for performer in performers:
            for camera in (1, 2, 3):
                for replication in (1, 2):
                    for action in range(first, first + 60):
                        yield (
                            f"S{setup:03d}C{camera:03d}P{performer:03d}"
                            f"R{replication:03d}A{action:03d}",
                            Labels(action, performer, camera, setup, replication),
                        )
