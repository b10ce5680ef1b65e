"""A trained network with what its file says about the data it was trained on."""

import hashlib
import logging
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field, NonNegativeInt

from skelflow.datasets.catalog import action_name, find_data_set
from skelflow.datasets.loading.clips import SkeletonDataset
from skelflow.datasets.loading.sampling import Longer, SamplingName, Shorter
from skelflow.datasets.pairs import WithImages, intensity_sources
from skelflow.datasets.protocols import hold_out, split, trained_names
from skelflow.datasets.settings import FlowSettings
from skelflow.datasets.sides import Side
from skelflow.datasets.store.identity import find_identified, read_identities
from skelflow.datasets.store.source import SequenceSource
from skelflow.datasets.store.store import Store, StoreMeta
from skelflow.errors import ConfigError, DataError, FormatError, WeightsError
from skelflow.inference.exported.formats import format_of
from skelflow.inference.exported.network import read_exported
from skelflow.io.documents import parse_json
from skelflow.io.files import is_folder
from skelflow.models.base import Network
from skelflow.models.samples import make_samples
from skelflow.models.weights import load_model, read_header
from skelflow.recordings.action_names import find_actions_file
from skelflow.settings import Count, Settings
from skelflow.types import Recording
from skelflow.weights import find_weights
from skelflow.wording import counted

BEST = "best.safetensors"
_OF_A_RUN = "run"  # in the header of each checkpoint of a run
_TOLD = (_OF_A_RUN, "clips", "actions")  # in JSON
log = logging.getLogger(__name__)


class TrainingFacts(Settings):
    """What a checkpoint says about its training, beside the store and the network."""

    model_config = ConfigDict(extra="ignore")

    actions: Annotated[tuple[NonNegativeInt, ...], Field(strict=False, min_length=1)]
    protocol: Annotated[str, Field(min_length=1)]
    held_out_subjects: Annotated[tuple[int, ...], Field(strict=False)]
    overlap: NonNegativeInt
    longer: Longer
    shorter: Shorter = "pad"  # this and the next not in earlier files
    sampling: SamplingName = "windows"
    sets: Count = 3
    intensities: Annotated[tuple[str, ...], Field(strict=False)] = ()
    recordings: dict[Literal["fit", "held_out"], str] = Field(default_factory=dict)

    def check(self) -> None:
        """Each action once, and recordings that can be read."""
        self.require(len(set(self.actions)) == len(self.actions), "actions", "each once")
        sides = {*self.recordings}
        self.require(sides in (set(), {"fit", "held_out"}), "recordings", "fit and held_out")
        for told in self.recordings.values():
            read_identities(told)

    @classmethod
    def from_header(cls, header: Mapping[str, str]) -> "TrainingFacts":
        """From the header of a weights file; raises nearly anything where it is none of these."""
        told = {key: parse_json(header[key], key, refusal=WeightsError) for key in _TOLD}
        others = {
            "actions": told["actions"],
            "protocol": header["protocol"],
            "held_out_subjects": told["run"]["data"]["held_out_subjects"],
            "intensities": parse_json(header.get("intensities", "[]"), "intensities"),
            "recordings": parse_json(header.get("recordings", "{}"), "recordings"),
        }
        return cls.from_mapping({**told["clips"], **others})


def read_facts(path: str | Path) -> tuple[TrainingFacts, StoreMeta] | None:
    """What a weights file says of its training and of the store; None where it says nothing.

    Raises
    ------
    WeightsError
        The file cannot be read, or what it says is damaged.
    """
    header = read_header(path)
    if _OF_A_RUN not in header:
        return None
    with _says_its_training(path):
        return TrainingFacts.from_header(header), _store_meta(header)


def trained_recordings(
    store: Store,
    names: Iterable[str],
    *,
    recordings: Iterable[str],
    source: str,
    protocol: str,
    actions: Container[int],
    without: Container[int] = (),
) -> frozenset[str]:
    """Those of the names in a store that a network was trained on, by what its file says.

    Parameters
    ----------
    store : prepared recordings.
    names : of some of them.
    recordings : which ones it was trained on, texts of `identify`. Networks of earlier versions say
        none; then labels decide, by what follows.
    source : of the store that it was trained on; none of another source is among these.
    protocol : under which it was trained. Where it is a list that is not there any more, nothing
        is known to be trained on, which is said in the log.
    actions : that it tells apart.
    without : subjects that were held out.
    """
    names = frozenset(names)
    if known := [find_identified(store, names, told) for told in recordings]:
        return frozenset[str]().union(*known)
    if source != store.meta.source:
        return frozenset()
    try:
        chosen = find_data_set(source).protocol(protocol)
    except ConfigError as error:
        log.warning("which recordings of %s trained is not known: %s", store.path, error)
        return frozenset()
    return names & trained_names(store.labels(), chosen, actions=actions, without=without)


@contextmanager
def _says_its_training(path: str | Path) -> Iterator[None]:
    """`WeightsError` where a header does not say what a checkpoint says."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, FormatError) as error:
        raise WeightsError(
            f"{path}: does not say what it was trained on ({error}); "
            "expected a checkpoint of `skelflow train`"
        ) from error


def _store_meta(header: Mapping[str, str]) -> StoreMeta:
    return StoreMeta.from_json(parse_json(header["store"], "store"))


@dataclass(frozen=True)
class Checkpoint:
    """What a run left behind, ready to be used.

    Parameters
    ----------
    path : of the file.
    network : in evaluation mode.
    meta : how the training data was prepared.
    classes : action number of each class index.
    protocol : under which it was trained.
    held_out_subjects : training subjects that chose the checkpoint.
    overlap, longer, shorter, sampling, sets : how sequences become samples.
    intensities : what the flow of the training recordings saw beside depth; empty = not known.
    recordings : that fit it and that were held out, texts of `identify`; empty = not known, of a
        checkpoint of an earlier version.
    """

    path: Path
    network: Network
    meta: StoreMeta
    classes: tuple[int, ...]
    protocol: str
    held_out_subjects: tuple[int, ...]
    overlap: int
    longer: Longer
    shorter: Shorter = "pad"
    sampling: SamplingName = "windows"
    sets: int = 3
    intensities: tuple[str, ...] = ()
    recordings: Mapping[Literal["fit", "held_out"], str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> "Checkpoint":
        """Read a run folder, a checkpoint file, an exported one, or bundled weights by name.

        Raises
        ------
        WeightsError
            It is missing, damaged, or was not written by a training run.
        MissingExtraError
            What reads exported files is not installed.
        """
        path = find_weights(path)
        form = format_of(path)
        path = path / BEST if form is None and is_folder(path) else path
        exported = None if form is None else read_exported(path, form)
        header = read_header(path) if exported is None else exported[1]
        with _says_its_training(path):
            facts = TrainingFacts.from_header(header)
            network = load_model(path) if exported is None else exported[0]
            facts.require(
                len(facts.actions) == network.config.classes,
                "actions",
                f"as many as the network has classes, {network.config.classes}",
            )
            return cls(
                path=path,
                network=network,
                meta=_store_meta(header),
                classes=facts.actions,
                protocol=facts.protocol,
                held_out_subjects=facts.held_out_subjects,
                overlap=facts.overlap,
                longer=facts.longer,
                shorter=facts.shorter,
                sampling=facts.sampling,
                sets=facts.sets,
                intensities=facts.intensities,
                recordings=facts.recordings,
            )

    @property
    def focal_px(self) -> float | None:
        """Of the depth camera that it was trained on; None where nothing says it."""
        return self.meta.focal_px or find_data_set(self.meta.source).focal_px

    @property
    def frame_rate_hz(self) -> float | None:
        """Of the recordings that it was trained on; None where nothing says it."""
        return self.meta.frame_rate_hz or find_data_set(self.meta.source).frame_rate_hz

    @property
    def joints_read(self) -> str | None:
        """Layout of the joints that the network reads; None where it reads none."""
        return self.meta.layout if self.network.config.reads_joints else None

    def flow_of(self, recording: WithImages) -> FlowSettings:
        """How the flow of this recording is made: it sees what that of the training saw.

        Of recordings prepared with intensity "auto" it saw what was there; color, say, that none of
        them had is not looked at, unless there is nothing else that they had.
        """
        own = self.meta.flow
        if own.intensity != "auto":
            return own
        there = intensity_sources(recording)
        return own.replace(intensity=next((x for x in there if x in self.intensities), there[0]))

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class index; "action 7" where the data set has none."""
        names = self.meta.class_names
        return tuple(names.get(action, f"action {action}") for action in self.classes)

    def sha256(self) -> str:
        """Of the file, by which its answers are known to be its own; of an exported network all."""
        form = format_of(self.path)
        content = hashlib.sha256()
        for file in (self.path,) if form is None else form.files(self.path):
            content.update(file.read_bytes())
        return content.hexdigest()

    def action_name(self, recording: Recording) -> str | None:
        """The class that a recording shows; None when its action is unknown or none of them.

        Numbers of another data set, and those that an `actions.txt` explains, may mean other
        actions: then what they are called counts.
        """
        names = dict(zip(self.classes, self.class_names, strict=True))
        action, own = recording.labels.action, action_name(recording)
        is_alike = recording.source in ("", self.meta.source)
        if own is None or (is_alike and find_actions_file(recording.path) is None):
            return None if action is None else names.get(action)
        return own if own in self.class_names else None

    def trained(self, store: Store, names: Iterable[str]) -> frozenset[str]:
        """Those of the names in a store that it was trained on, or that chose it."""
        return trained_recordings(
            store,
            names,
            recordings=self.recordings.values(),
            source=self.meta.source,
            protocol=self.protocol,
            actions=self.classes,
        )

    def sequences(self, store: Store, protocol: str | None, side: Side) -> list[str]:
        """Names of the sequences on one side of a protocol, the training's own by default.

        Raises
        ------
        ConfigError
            The protocol is unknown to that data set.
        DataError
            There are none.
        """
        name = protocol or self.protocol
        labels = store.labels()
        train, test = split(labels, find_data_set(store.meta.source).protocol(name))
        chosen = test
        if side != "test":
            fit, held_out = hold_out(train, labels, subjects=self.held_out_subjects)
            chosen = fit if side == "train" else held_out
        if not chosen:
            raise DataError(f"{store.path}: no sequence is on the {side} side of {name!r}")
        return chosen

    def samples(self, store: SequenceSource, names: list[str]) -> SkeletonDataset:
        """What the network reads of these sequences.

        Raises
        ------
        DataError
            The store lacks what the network reads or was prepared differently, an action is none
            of the classes, or the network reads joints and none is known in any sequence.
        """
        config = self.network.config
        if config.reads_joints and store.meta.layout is None:
            raise DataError(
                f"{store.path}: holds no skeletons, but {self.network.name} reads them; prepare "
                "recordings with skeletons, or use a network that sees flow alone, such as c3d"
            )
        own, found = self.meta, store.meta
        differing: dict[str, tuple[Any, Any]] = {}
        if config.reads_joints and own.layout != found.layout:
            differing["layout"] = own.layout, found.layout
        if config.reads_clips:
            differing |= own.flow_differences(found)
        wrong = [
            f"{name} {there!r} instead of {here!r}" for name, (here, there) in differing.items()
        ]
        if wrong:
            raise DataError(
                f"{store.path}: {', '.join(wrong)}, unlike the data {self.path} was trained on; "
                "prepare the recordings with the same settings"
            )
        if config.reads_joints and not any(np.isfinite(store.joints_m(n)).any() for n in names):
            raise DataError(
                f"{store.path}: no joint is known in any of {counted(len(names), 'sequence')}, but "
                f"{self.network.name} reads them; prepare the recordings again"
            )
        return make_samples(
            self.network,
            store,
            names,
            self.classes,
            overlap=self.overlap,
            sampling=self.sampling,
            sets=self.sets,
            longer=self.longer,
            shorter=self.shorter,
        )
