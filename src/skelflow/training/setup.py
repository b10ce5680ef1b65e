"""What a run trains and on what: the split of the store, and the network with its start weights."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelflow.datasets.catalog import DataSet, find_data_set
from skelflow.datasets.protocols import Protocol, hold_out
from skelflow.datasets.protocols import split as split_names
from skelflow.datasets.store.identity import identify
from skelflow.datasets.store.store import Store
from skelflow.errors import ConfigError, DataError, WeightsError
from skelflow.inference.checkpoint import BEST, read_facts, trained_recordings
from skelflow.models.base import Network
from skelflow.models.flow.i3d_weights import load_i3d_weights
from skelflow.models.flow.sports1m import load_c3d_weights
from skelflow.models.registry import configure, create_model
from skelflow.models.weights import Part, load_heads, load_part, part_differences
from skelflow.recipes import list_recipes
from skelflow.skeleton.layouts import find_layout
from skelflow.training.config import FROM_STORE, RunConfig
from skelflow.types import Labels
from skelflow.weights import bundled_file, bundled_names

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Split:
    """Which sequences of a store do what.

    Parameters
    ----------
    protocol : who trains and who tests.
    fit, held_out, test : names of those that fit the weights, choose the checkpoint, and test.
    classes : action number of each class index.
    """

    protocol: Protocol
    fit: tuple[str, ...]
    held_out: tuple[str, ...]
    test: tuple[str, ...]
    classes: tuple[int, ...]


def make_split(config: RunConfig, store: Store) -> Split:
    """Divide a store by the run's protocol; the classes are the training recordings' actions.

    Raises
    ------
    ConfigError
        The protocol is unknown, or a held-out subject does not train.
    DataError
        Nothing trains, or a training recording has no action, or one that is none of its data
        set's and has no name of its own.
    """
    labels = store.labels()
    data_set = find_data_set(store.meta.source)
    protocol = data_set.protocol(config.data.protocol)
    train, test = split_names(labels, protocol)
    if not train:
        raise DataError(
            f"{store.path}: no sequence trains under {protocol.name!r}; prepare more of the set"
        )
    unlabeled = [name for name in train if labels[name].action is None]
    if unlabeled:
        raise DataError(f"{store.path}: {unlabeled[0]} has no action number; it cannot train")
    _check_actions(store, data_set, {name: labels[name] for name in train})
    classes = sorted({action for name in train if (action := labels[name].action) is not None})
    fit, held_out = hold_out(train, labels, subjects=config.data.held_out_subjects)
    return Split(protocol, tuple(fit), tuple(held_out), tuple(test), tuple(classes))


def _check_actions(store: Store, data_set: DataSet, labels: Mapping[str, Labels]) -> None:
    """Refuse actions that a set of fixed actions has not: each would be a class by itself."""
    known = {**data_set.action_names, **store.meta.class_names}
    strange = [name for name in labels if labels[name].action not in known]
    if data_set.action_names and strange:
        raise DataError(
            f"{store.path}: {strange[0]} has action {labels[strange[0]].action}, expected one of "
            f"{data_set.name}, {min(known)} to {max(known)}; if it is right, name it in an "
            "actions.txt above the recordings and prepare them again"
        )


def make_network(config: RunConfig, store: Store, split: Split) -> Network:
    """The network of a run, with the start weights and the normalization that are configured.

    Raises
    ------
    ConfigError
        The store lacks what the network reads, or `init` names a part it does not have, or one
        that was trained on recordings that this run holds out or tests.
    WeightsError
        A file that `init` names cannot be read or does not fit, or was trained otherwise.
    """
    name, options = config.model.name, config.model.options
    layout = None if store.meta.layout is None else find_layout(store.meta.layout)
    if layout is None and configure(name, options).reads_joints:
        raise ConfigError(
            f"model.name: {name} reads skeletons, {store.path} has none; "
            "train c3d, or prepare recordings with skeletons"
        )
    sizes: dict[str, Any] = {"classes": len(split.classes), "bodies": max(store.bodies(), 1)}
    if layout is not None:
        sizes |= {"joints": len(layout), "root": layout.root, "bones": layout.bones}
    network = create_model(name, **(sizes | dict(options)))
    _start(network, config, store, split)
    return network


def _start(network: Network, config: RunConfig, store: Store, split: Split) -> None:
    init, files = config.init, _start_files(config, store)
    check_starts(config, store, split)
    for part, file in files.items():
        _check_alike(network, part, file, config, store)
    if "skeleton" in files:
        load_part(network, "skeleton", files["skeleton"])
    elif network.config.reads_joints:
        network.fit_normalization(store.joints_m(name) for name in split.fit)
    if "flow" in files:
        load_part(network, "flow", files["flow"])
    if init.heads:
        load_heads(network, **files, actions=split.classes)
    if init.sports1m is not None:
        load_c3d_weights(network, init.sports1m)
    if init.i3d is not None:
        load_i3d_weights(network, init.i3d)


def check_starts(config: RunConfig, store: Store, split: Split) -> None:
    """Refuse parts to start from that were trained on what this run holds out or tests.

    Of those of earlier versions, which do not say their recordings, it is only said in the log.

    Raises
    ------
    ConfigError
        Says which part, how many recordings, and how to train it.
    WeightsError
        A file that `init` names cannot be read.
    """
    for part, file in _start_files(config, store).items():
        if (told := read_facts(file)) is None:
            continue
        facts, meta = told
        for side, names in (("test", split.test), ("held-out", split.held_out)):
            trained = trained_recordings(
                store,
                names,
                recordings=[facts.recordings["fit"]] if facts.recordings else (),
                source=meta.source,
                protocol=facts.protocol,
                actions=facts.actions,
                without=facts.held_out_subjects,
            )
            if not trained:
                continue
            found = f"{len(trained)} of the {len(names)} {side} recordings of this run"
            remedy = _how_to_train(part, config, split)
            if facts.recordings:
                raise ConfigError(
                    f"init.{part}: {file} was trained on {found}, {min(trained)} among them, whose "
                    f"accuracy would mean nothing; {remedy}"
                )
            log.warning(
                "init.%s: %s, of an earlier version, does not say which recordings trained it; by "
                "their labels %s may have, whose accuracy would then mean nothing; if so, %s",
                *(part, file, found, remedy),
            )


def _how_to_train(part: str, config: RunConfig, split: Split) -> str:
    changes = f"--set data.protocol={split.protocol.name}"
    if subjects := config.data.held_out_subjects:
        changes += f" --set data.held_out_subjects=[{','.join(map(str, subjects))}]"
    return f"train the {part} with {changes}, and name that run"


def _check_alike(network: Network, part: Part, file: Path, config: RunConfig, store: Store) -> None:
    """Refuse, with `WeightsError`, weights that would compute something else in this run."""
    differing = part_differences(network.config, part, file)
    differing = {f"model.{name}": values for name, values in differing.items()}
    if part == "skeleton" and (told := read_facts(file)) is not None:
        facts, meta = told
        pairs = {
            "layout": (meta.layout, store.meta.layout),
            "data.longer": (facts.longer, config.data.longer),
            "data.shorter": (facts.shorter, config.data.shorter),
        }
        differing |= {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if not differing:
        return
    said = "; ".join(f"{name}: {a!r} there, {b!r} here" for name, (a, b) in differing.items())
    of_store = {"layout", *(f"model.{name}" for name in FROM_STORE)}
    changes = " ".join(
        f"--set {name}={json.dumps(there)}".replace('"', "")
        for name, (there, _) in differing.items()
        if name not in of_store
    )
    remedy = f"train with {changes}, or " if changes and not of_store & {*differing} else ""
    raise WeightsError(
        f"init.{part}: {file} was trained with other settings ({said}), its weights would compute "
        f"something else; {remedy}train the {part} with the settings and the joints of this run"
    )


def _start_files(config: RunConfig, store: Store) -> dict[Part, Path]:
    """The checkpoint of each part that starts from one."""
    parts: tuple[Part, ...] = ("skeleton", "flow")
    named = {part: getattr(config.init, part) for part in parts}
    return {
        part: _start_file(part, path, store) for part, path in named.items() if path is not None
    }


def _start_file(part: str, path: str, store: Store) -> Path:
    file, recipe = weights_file(path), path.removeprefix("runs/").strip("/")
    if file.exists():
        return file
    if path in bundled_names():
        return bundled_file(path)
    if recipe in list_recipes():
        remedy = f"make it by `skelflow train {recipe} {store.path} --run {path}`"
    else:
        remedy = (
            "train a network that has that part first, and name its run folder or checkpoint, or "
            f"bundled weights: {', '.join(bundled_names())}"
        )
    raise WeightsError(f"init.{part}: {file}: no such file; {remedy}")


def weights_file(path: str | Path) -> Path:
    """The checkpoint itself, or the one in a run folder."""
    path = Path(path)
    return path / BEST if path.is_dir() else path


def describe_recordings(store: Store, split: Split) -> dict[str, Any]:
    """How many fit and are held out, and a digest of which and of what is said of them.

    Recordings that are prepared again alike have the same digest, wherever they came from.
    """
    sides = {"fit": split.fit, "held_out": split.held_out}
    told = {
        side: [(name, _compared(store.attributes(name))) for name in names]
        for side, names in sides.items()
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return {side: len(names) for side, names in sides.items()} | {"sha256": digest}


def _compared(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """All but the path it was prepared from, its checksum, which counts that, and the version."""
    left_out = ("origin", "sha256", "version")
    return {key: value for key, value in attributes.items() if key not in left_out}


def checkpoint_header(config: RunConfig, store: Store, split: Split, *, git: str) -> dict[str, str]:
    """What a checkpoint must carry so that a recording can be recognized with nothing else.

    'store' is `StoreMeta.to_json`, 'actions' the action number of each class index, 'clips' how
    sequences become samples, 'intensities' what the flow of those that train saw beside depth,
    'recordings' which ones fit the weights and are held out (see `identify`), 'run' the resolved
    configuration; each as JSON.
    """
    data = config.data
    names = "overlap", "sampling", "sets", "longer", "shorter"
    clips = {name: getattr(data, name) for name in names}
    return {
        "store": json.dumps(store.meta.to_json()),
        "actions": json.dumps(split.classes),
        "clips": json.dumps(clips),
        "intensities": json.dumps(sorted({store.attributes(n)["intensity"] for n in split.fit})),
        "recordings": json.dumps(
            {"fit": identify(store, split.fit), "held_out": identify(store, split.held_out)}
        ),
        "protocol": split.protocol.name,
        "run": json.dumps(config.to_json()),
        "git": git,
        "seed": str(config.seed),
    }
