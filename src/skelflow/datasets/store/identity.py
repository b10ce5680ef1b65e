"""Which recordings a network knows, in ten bytes each, found again in any store that has them.

A recording is known by its name, its number of frames and where its people are. Labels will not do:
synthetic people are numbered as real ones are. Nor will checksums: the same recording has others
when its flow is prepared otherwise, or when its joints come from another publisher's file.
"""

import hashlib
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from jaxtyping import Int16, Shaped

from skelflow.datasets.store.store import Store
from skelflow.errors import FormatError
from skelflow.skeleton.place import SAME_PLACE_M, middle_m

_NO_PEOPLE = -(2**15)  # as a place: no joint is known
_ENTRY = np.dtype([("digest", "<u4"), ("place_mm", "<i2", 3)])


def identify(store: Store, names: Iterable[str]) -> str:
    """Text by which `find_identified` knows these recordings of a store.

    Their joints are read, not their flow.
    """
    entries = np.array([(_digest(store, name), _place_mm(store, name)) for name in names], _ENTRY)
    return b64encode(np.sort(entries, order="digest").tobytes()).decode()


def find_identified(store: Store, names: Iterable[str], told: str) -> frozenset[str]:
    """Those of the names in a store that are recordings of which `identify` told.

    Where no joint of one of two recordings is known, their name and their frames decide.

    Raises
    ------
    FormatError
        The text is none of `identify`.
    """
    places = defaultdict(list)
    for digest, place_mm in read_identities(told):
        places[int(digest)].append(place_mm)
    return frozenset(
        name
        for name in names
        if (known := places.get(_digest(store, name)))
        and any(_is_near(_place_mm(store, name), place_mm) for place_mm in known)
    )


def read_identities(told: str) -> Shaped[np.ndarray, " recordings"]:
    """Entries of a text of `identify`; `FormatError` where it is none."""
    try:
        return np.frombuffer(b64decode(told, validate=True), _ENTRY)
    except ValueError as error:
        raise FormatError(f"recordings: damaged ({error})") from error


def _digest(store: Store, name: str) -> int:
    said = f"{name} {store.attributes(name)['frames']}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:4], "little")


def _place_mm(store: Store, name: str) -> Int16[np.ndarray, "3"]:
    """Median of all joints that are known."""
    middle = middle_m(store.joints_m(name))
    if np.isnan(middle).any():
        return np.full(3, _NO_PEOPLE, np.int16)
    most = 2**15 - 1
    return np.asarray(np.clip(middle * 1000, -most, most).round(), np.int16)


def _is_near(one: Int16[np.ndarray, "3"], other: Int16[np.ndarray, "3"]) -> bool:
    if _NO_PEOPLE in one or _NO_PEOPLE in other:
        return True
    return bool((np.abs(one.astype(int) - other) <= SAME_PLACE_M * 1000).all())
