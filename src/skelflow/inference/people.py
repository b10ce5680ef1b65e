"""One recording a person: whoever is tracked is recognized alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from skelflow.errors import DataError
from skelflow.inference.recognizer import Recognizer
from skelflow.types import Recording


@dataclass(frozen=True)
class Person:
    """Somebody in a recording.

    Parameters
    ----------
    number : from 1; who moves most is first.
    start_s, end_s : from when to when somebody is tracked there.
    recording : the same recording with the joints of this person alone.
    note : what to know of an answer to it.
    """

    number: int
    start_s: float
    end_s: float
    recording: Recording
    note: str


def find_people(recognizer: Recognizer, recording: Recording) -> tuple[Person, ...]:
    """The people in a recording, each with a recording to be recognized in.

    Networks are trained on recordings as a whole, those of two people with both bodies at once. A
    body alone is what they know of actions of one person; of "hugging" it is half. Flow, where
    the network reads it, shows all people; what is of this person is the skeleton, and the
    attention that follows it.

    Parameters
    ----------
    recognizer : with a network that reads joints.
    recording : with joints, or images that they can be estimated from (one person then).

    Raises
    ------
    DataError
        The network reads no joints, so that people are one to it; or nobody is tracked.
    """
    network = recognizer.checkpoint.network
    if not network.config.reads_joints:
        raise DataError(
            f"{recording.path}: {network.name} reads no joints and cannot tell people apart; use a "
            "network with attention or of skeletons"
        )
    with_joints = recognizer.with_joints(recording)
    found = tuple(_people(with_joints, sees_flow=network.config.reads_clips))
    if not found:
        raise DataError(f"{recording.path}: no body is tracked in any frame")
    return found


def _people(recording: Recording, *, sees_flow: bool) -> Iterator[Person]:
    skeleton = recording.skeleton
    if skeleton is None:
        return
    tracked = np.isfinite(skeleton.joints_m).all(axis=-1).any(axis=-1)  # (t, bodies)
    there = [int(body) for body in np.flatnonzero(tracked.any(axis=0))]
    for number, body in enumerate(there, start=1):
        seen = np.flatnonzero(tracked[:, body])
        alone = replace(
            skeleton,
            joints_m=skeleton.joints_m[:, [body]],
            joints_px=skeleton.joints_px[:, [body]],
            tracking=skeleton.tracking[:, [body]],
        )
        rate = recording.frame_rate_hz
        yield Person(
            number,
            start_s=float(seen[0] / rate),
            end_s=float((seen[-1] + 1) / rate),
            recording=replace(recording, skeleton=alone),
            note=_note(number, len(there), sees_flow=sees_flow),
        )


def _note(number: int, people: int, *, sees_flow: bool) -> str:
    if people == 1:
        return ""
    seen = "; the flow shows all people, the attention follows this one" if sees_flow else ""
    return (
        f"person {number} of {people}, read alone, though the network was trained on recordings "
        f"as a whole: actions of two people are none of one{seen}"
    )
