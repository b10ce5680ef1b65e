"""Which recordings are made, and the settings they share."""

import hashlib
import itertools
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from skelflow.errors import ConfigError, DataError
from skelflow.io.bounds import IMAGE
from skelflow.recordings import open_recording
from skelflow.settings import Seed, Settings, SettingsError
from skelflow.synth.motions.joint_tracks import read_joint_tracks
from skelflow.synth.motions.perform import ACTIONS
from skelflow.types import Labels, Skeleton

LARGEST_NUMBER = 999  # in an NTU RGB+D name
Number = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
CameraNumber = Annotated[int, Field(ge=1, le=3)]
Pixels = Annotated[int, Field(ge=16, le=2**15)]


class SynthConfig(Settings):
    """What a set of synthetic recordings is made of.

    Parameters
    ----------
    actions : NTU RGB+D's numbers; None = all that are known.
    people : how many performers, numbered from 1; assigned to the set-ups in turn.
    setups : how many rooms, each with its camera distance and height.
    cameras : of 1, 2, 3, which look from 45, 0 and -45 degrees.
    replications : how often everyone does everything.
    seed : of everything; a recording depends on it and on its own name only.
    clean : no noise in images and joints.
    color_size : (width, height) of the color video, None for none.
    distractors : curtains in the wind, people passing, screens, cameras that tremble.
    masked : depth images of the acting people alone, beside the others.
    longest : frames that a recording has at most, cut from its middle; None = all.
    retargeted : skeleton recordings to retarget instead of performing `actions`; the performer
        is the recording's subject.

    Raises
    ------
    ConfigError
        A value is out of range.
    """

    actions: tuple[int, ...] | None = None
    people: Number = 8
    setups: Number = 2
    cameras: Annotated[tuple[CameraNumber, ...], Field(min_length=1)] = (1, 2, 3)
    replications: Number = 1
    seed: Seed = 0
    clean: bool = False
    color_size: tuple[Pixels, Pixels] | None = (1920, 1080)
    distractors: bool = True
    masked: bool = False
    longest: Annotated[int, Field(ge=2)] | None = None
    retargeted: tuple[Path, ...] = ()

    def check(self) -> None:
        """Color of no more pixels than are read again."""
        if self.color_size is not None:
            width, height = self.color_size
            IMAGE.check(width * height / 1e6, f"color_size: {width}x{height}", SettingsError)

    def folder_settings(self) -> dict[str, object]:
        """The settings that all recordings of one folder share, as stored in `synth.json`."""
        return {
            "seed": self.seed,
            "clean": self.clean,
            "color": None if self.color_size is None else list(self.color_size),
            "distractors": self.distractors,
            "masked": self.masked,
            "longest": self.longest,
            "played": sorted(path.name for path in self.retargeted) or "actions",
        }


@dataclass(frozen=True)
class RecordingSpec:
    """One recording to make, numbered as in NTU RGB+D.

    Parameters
    ----------
    setup, camera, performer, replication, action : from 1, labels of recordings that are
        retargeted from 0; camera 0 stands for all cameras.
    skeleton : recording whose skeleton is retargeted; None performs `action`.
    digest : of that skeleton.
    is_labeled : the recording says which action it shows; otherwise `action` is a number that
        means nothing else.
    """

    setup: int
    camera: int
    performer: int
    replication: int
    action: int
    skeleton: Path | None = None
    digest: str = ""
    is_labeled: bool = True

    @property
    def name(self) -> str:
        """The NTU RGB+D name, as S001C002P003R001A023."""
        return (
            f"S{self.setup:03d}C{self.camera:03d}P{self.performer:03d}"
            f"R{self.replication:03d}A{self.action:03d}"
        )

    def random(self, seed: int, use: str) -> np.random.Generator:
        """A generator that depends on the seed, this recording's name and `use` only."""
        return np.random.default_rng((seed, zlib.crc32(f"{self.name} {use}".encode())))

    def scene_random(self, seed: int, use: str) -> np.random.Generator:
        """The same for every camera of a scene, since they record the same moment."""
        return replace(self, camera=0).random(seed, use)


def plan_recordings(
    config: SynthConfig, *, named: Collection[int] = ()
) -> tuple[RecordingSpec, ...]:
    """List the recordings a configuration asks for, sorted by name.

    Parameters
    ----------
    named : numbers of actions that have a name, so that no recording without a label gets it.

    Raises
    ------
    ConfigError
        An action is unknown, or two skeleton recordings would get one name.
    FormatError, DataError
        A skeleton recording cannot be opened, holds no skeleton that can be retargeted, or has a
        label of more than three digits.
    """
    scenes = _retargeted(config, named) if config.retargeted else _performances(config)
    recordings = {replace(spec, camera=camera) for spec in scenes for camera in config.cameras}
    return tuple(sorted(recordings, key=lambda spec: spec.name))


def _performances(config: SynthConfig) -> Iterator[RecordingSpec]:
    actions = tuple(ACTIONS) if config.actions is None else config.actions
    for action in actions:
        if action not in ACTIONS:
            known = ", ".join(f"{number} {name}" for number, name in ACTIONS.items())
            raise ConfigError(f"synth: action {action} cannot be played; known: {known}")
    replications, people = range(1, config.replications + 1), range(1, config.people + 1)
    for performer, replication, action in itertools.product(people, replications, actions):
        setup = (performer - 1) % config.setups + 1
        yield RecordingSpec(setup, 0, performer, replication, action)


def _retargeted(config: SynthConfig, named: Collection[int]) -> Iterator[RecordingSpec]:
    """One scene for each skeleton recording, numbered by its labels.

    A missing subject or replication counts as 1. A missing action is the lowest number that means
    nothing else here.
    """
    recordings = [_open(path) for path in config.retargeted]
    taken = {labels.action for labels, _ in recordings}.union(named)
    unknown = next(number for number in itertools.count() if number not in taken)
    names: dict[str, Path] = {}
    for (labels, digest), path in zip(recordings, config.retargeted, strict=True):
        performer = _number(path, "subject", labels.subject, 1)
        spec = RecordingSpec(
            setup=(performer - 1) % config.setups + 1,
            camera=0,
            performer=performer,
            replication=_number(path, "replication", labels.replication, 1),
            action=_number(path, "action", labels.action, unknown),
            skeleton=path,
            digest=digest,
            is_labeled=labels.action is not None,
        )
        if spec.name in names:
            raise ConfigError(
                f"synth: {names[spec.name]} and {path} have the same subject, replication and "
                "action (a missing subject or replication is 1), so their recordings would have "
                "the same name; label them, or give each its own folder"
            )
        names[spec.name] = path
        yield spec


def _open(path: Path) -> tuple[Labels, str]:
    """Labels of a recording whose skeleton can be retargeted, and a digest of its motion."""
    recording = open_recording(path)
    if recording.skeleton is None:
        raise DataError(f"{path}: has no skeleton, which re-enacting needs")
    try:
        read_joint_tracks(recording.skeleton, frame_rate_hz=recording.frame_rate_hz)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return recording.labels, _digest(recording.skeleton, recording.frame_rate_hz)


def _number(path: Path, what: str, label: int | None, missing: int) -> int:
    """A label as a number of an NTU RGB+D name."""
    number = missing if label is None else label
    if number > LARGEST_NUMBER:
        raise DataError(
            f"{path}: {what} {number}, expected at most {LARGEST_NUMBER}: names as NTU RGB+D's "
            "have three digits; label it otherwise"
        )
    return number


def _digest(skeleton: Skeleton, frame_rate_hz: float) -> str:
    """Of the joints and their rate: tells recordings of one name apart."""
    content = hashlib.sha256(str(frame_rate_hz).encode())
    content.update(skeleton.joints_m.tobytes())
    return content.hexdigest()[:16]
