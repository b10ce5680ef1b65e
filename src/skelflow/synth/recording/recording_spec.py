"""Which recordings are made: names by set-up, camera, performer, replication and action."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from skelflow.errors import ConfigError, DataError
from skelflow.recordings import open_recording
from skelflow.synth.motions.perform import ACTIONS
from skelflow.synth.scene.views import ANGLES_DEG

LARGEST = 999  # number in an NTU RGB+D name
SMALLEST_COLOR = 16


@dataclass(frozen=True)
class SynthConfig:
    """What a set of synthetic recordings is made of.

    Parameters
    ----------
    actions : NTU RGB+D's numbers; None = all that can be played.
    people : how many performers, numbered from 1; they take turns in the set-ups.
    setups : how many rooms, each with its camera distance and height.
    cameras : of 1, 2, 3, which look from 45, 0 and -45 degrees.
    replications : how often everyone does everything.
    seed : of everything; a recording depends on it and on its own name only.
    clean : no noise in images and joints.
    color_size : (width, height) of the color video, None for none.
    distractors : curtains in the wind, people passing, screens, cameras that tremble.
    masked : depth images of the acting people alone, beside the others.
    longest : frames that a recording has at most, cut from its middle; None = all.
    reenacted : skeleton recordings to play, instead of `actions`, by their subjects' numbers.

    Raises
    ------
    ConfigError
        A value is out of range.
    """

    actions: tuple[int, ...] | None = None
    people: int = 8
    setups: int = 2
    cameras: tuple[int, ...] = (1, 2, 3)
    replications: int = 1
    seed: int = 0
    clean: bool = False
    color_size: tuple[int, int] | None = (1920, 1080)
    distractors: bool = True
    masked: bool = False
    longest: int | None = None
    reenacted: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        for name in ("people", "setups", "replications"):
            if not 1 <= getattr(self, name) <= LARGEST:
                raise ConfigError(
                    f"synth: {name} must lie in 1 to {LARGEST}, found {getattr(self, name)}"
                )
        if self.longest is not None and self.longest < 2:
            raise ConfigError(f"synth: recordings need 2 frames or more, found {self.longest}")
        if self.seed < 0:
            raise ConfigError(f"synth: seed must not be negative, found {self.seed}")
        if not self.cameras or not set(self.cameras) <= set(ANGLES_DEG):
            raise ConfigError(f"synth: cameras must be of 1, 2, 3, found {self.cameras}")
        if self.color_size is not None and min(self.color_size) < SMALLEST_COLOR:
            raise ConfigError(f"synth: color images of {self.color_size} pixels are too small")

    def look(self) -> dict[str, object]:
        """What all recordings of a folder have in common, whichever they are."""
        return {
            "seed": self.seed,
            "clean": self.clean,
            "color": None if self.color_size is None else list(self.color_size),
            "distractors": self.distractors,
            "masked": self.masked,
            "longest": self.longest,
            "played": sorted(path.name for path in self.reenacted) or "actions",
        }


@dataclass(frozen=True)
class Take:
    """One recording that is to be made."""

    setup: int
    camera: int
    performer: int
    replication: int
    action: int
    skeleton: Path | None = None

    @property
    def name(self) -> str:
        """As NTU RGB+D names it."""
        return (
            f"S{self.setup:03d}C{self.camera:03d}P{self.performer:03d}"
            f"R{self.replication:03d}A{self.action:03d}"
        )

    def random(self, seed: int, use: str) -> np.random.Generator:
        """The same for the same take, whenever and wherever it is made."""
        return np.random.default_rng((seed, zlib.crc32(f"{self.name} {use}".encode())))

    def moment_random(self, seed: int, use: str) -> np.random.Generator:
        """The same for all cameras, which see the same moment."""
        return replace(self, camera=0).random(seed, use)


def plan_takes(config: SynthConfig) -> tuple[Take, ...]:
    """Every recording that a configuration asks for, in order of their names.

    Raises
    ------
    ConfigError
        An action cannot be played, or two skeleton recordings would get one name.
    FormatError, DataError
        A skeleton recording cannot be opened, or holds no skeleton.
    """
    moments = _reenactments(config) if config.reenacted else _performances(config)
    takes = {replace(take, camera=camera) for take in moments for camera in config.cameras}
    return tuple(sorted(takes, key=lambda take: take.name))


def _performances(config: SynthConfig) -> Iterator[Take]:
    actions = tuple(ACTIONS) if config.actions is None else config.actions
    for action in actions:
        if action not in ACTIONS:
            known = ", ".join(f"{number} {name}" for number, name in ACTIONS.items())
            raise ConfigError(f"synth: action {action} cannot be played; known: {known}")
    replications, people = range(1, config.replications + 1), range(1, config.people + 1)
    for performer, replication, action in itertools.product(people, replications, actions):
        setup = (performer - 1) % config.setups + 1
        yield Take(setup, 0, performer, replication, action)


def _reenactments(config: SynthConfig) -> Iterator[Take]:
    """One moment a skeleton recording, by its labels; the first of what they do not say."""
    names: dict[str, Path] = {}
    for path in config.reenacted:
        recording = open_recording(path)
        if recording.skeleton is None:
            raise DataError(f"{path}: has no skeleton, which re-enacting needs")
        labels = recording.labels
        performer = labels.subject or 1
        setup = (performer - 1) % config.setups + 1
        take = Take(setup, 0, performer, labels.replication or 1, labels.action or 1, path)
        if take.name in names:
            raise ConfigError(
                f"synth: {names[take.name]} and {path} have the same subject, replication and "
                "action, so their recordings would have the same name; give each its own folder"
            )
        names[take.name] = path
        yield take
