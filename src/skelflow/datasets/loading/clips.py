"""Clips and skeletons as torch data sets; axes change from t h w c to c t h w only here."""

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import get_args

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from skelflow.datasets.catalog import find_data_set
from skelflow.datasets.loading.augment import (
    Augmentation,
    Retimed,
    Track,
    augment_skeleton,
    mirror_joints,
    resample,
)
from skelflow.datasets.loading.augment_flow import augment_flow
from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.sampling import (
    Clip,
    Longer,
    SamplingName,
    Shorter,
    jittered_clip,
    neighbor_clips,
    whole_clips,
)
from skelflow.datasets.store.source import SequenceSource
from skelflow.datasets.windows import clip_starts, pair_times
from skelflow.errors import ConfigError, DataError
from skelflow.skeleton.layouts import Layout, find_layout

__all__ = ["Augmentation", "Batch", "Clip", "ClipDataset", "SkeletonDataset", "clip_starts"]

STILL = 128  # the color of no motion


@dataclass(eq=False, repr=False)
class SkeletonDataset(Dataset[Batch]):
    """One item a sequence: its skeleton over all frames; the flow of its items is empty.

    Parameters
    ----------
    store : a Store, or any other source of sequences
    names : sequences, in the order of their `index`.
    classes : action numbers; the position of a sequence's action is its label.
    frames : length of every skeleton.
    train : random changes on; they follow from (seed, epoch, item) alone, whatever the order.
    seed : int
    bodies : how many, missing ones are NaN; None = the most any sequence of the store has.
    longer : a skeleton of more than `frames` frames is "cut" at its end, or "resample"d.
    shorter : one of fewer frames is "pad"ded with NaN at its end, or "resample"d.
    augmentation : what may change in training.
    cache : read all arrays now and keep them in memory.

    Raises
    ------
    DataError
        No names, a name that is not in the store, or an action that is none of the classes.
    ConfigError
        A size is not positive.
    """

    store: SequenceSource
    names: Sequence[str]
    classes: Sequence[int]
    _: KW_ONLY
    frames: int = 300
    train: bool = False
    seed: int = 0
    bodies: int | None = None
    longer: Longer = "cut"
    shorter: Shorter = "pad"
    augmentation: Augmentation = field(default_factory=Augmentation)
    cache: bool = False

    def __post_init__(self) -> None:
        if self.frames < 1 or (self.bodies is not None and self.bodies < 0):
            raise ConfigError(
                f"skeletons: frames must be positive, found {self.frames}, and bodies not "
                f"negative, found {self.bodies}"
            )
        if self.longer not in get_args(Longer):
            raise ConfigError(
                f"skeletons: longer must be 'cut' or 'resample', found {self.longer!r}"
            )
        if self.shorter not in get_args(Shorter):
            raise ConfigError(
                f"skeletons: shorter must be 'pad' or 'resample', found {self.shorter!r}"
            )
        layout, kept = self.store.meta.layout, self.names if self.cache else ()
        self.labels = _class_indices(self.store, self.names, self.classes)
        self._mirrored = _mirrored_indices(self.store, self.classes)
        self.layout = None if layout is None else find_layout(layout)
        self._bodies = self.store.bodies() if self.bodies is None else self.bodies
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]  # loader workers see it change
        self._joints_m = {name: self.store.joints_m(name) for name in kept}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, item: int) -> Batch:
        random = self._random(item)
        flip = self._flips(item, random)
        return Batch(
            flow=torch.zeros(0),
            joints_px=torch.zeros(0),
            joints_m=self._skeleton(item, random, flip=flip),
            label=self._label(item, flip=flip),
            index=torch.tensor(item),
        )

    def item_labels(self) -> list[int]:
        """The class index of every item."""
        return self.labels

    def first_items(self) -> list[int]:
        """The first item of every sequence."""
        return list(range(len(self.names)))

    def set_epoch(self, epoch: int) -> None:
        """Choose the random changes of an epoch, here and in running loader workers."""
        self._epoch.fill_(epoch)

    def _random(self, item: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, int(self._epoch), item))

    def _flips(self, sequence: int, random: np.random.Generator) -> bool:
        """Whether left and right change places; never where the mirrored action is none."""
        asked = bool(random.uniform() < self.augmentation.flip) and self.train
        return asked and self._mirrored[self.labels[sequence]] is not None

    def _label(self, sequence: int, *, flip: bool) -> Tensor:
        own = self.labels[sequence]
        return torch.tensor(self._mirrored[own] if flip else own)

    def _skeleton(self, sequence: int, random: np.random.Generator, *, flip: bool) -> Tensor:
        name = self.names[sequence]
        joints_m = self._joints_m.get(name)
        joints_m = self.store.joints_m(name) if joints_m is None else joints_m
        joints_m = _fill_bodies(joints_m, self._bodies, self.layout)
        if self.train:
            always = self.longer == self.shorter == "resample"
            frames = self.frames if always else None  # at once, not in two steps
            joints_m = augment_skeleton(joints_m, self.augmentation, random, frames=frames)
        if flip and self.layout is not None:
            joints_m = mirror_joints(joints_m, self.layout)
        joints_m = self._fit_frames(joints_m)
        padded = np.full((self.frames, *joints_m.shape[1:]), np.nan, np.float32)
        padded[: len(joints_m)] = joints_m[: self.frames]
        return torch.from_numpy(padded)

    def _fit_frames(self, joints_m: Track) -> Retimed:
        """Resampled to the number of frames if that is to be done with so long a skeleton."""
        change = self.longer if len(joints_m) > self.frames else self.shorter
        if len(joints_m) == self.frames or change != "resample":
            return joints_m
        return resample(joints_m, self.frames)


@dataclass(eq=False, repr=False)
class ClipDataset(SkeletonDataset):
    """One item a clip: colored flow, joints in its pixels, and the skeleton of its sequence.

    Parameters
    ----------
    store, names, classes, frames, train, seed, bodies, longer, shorter, augmentation, cache
        See `SkeletonDataset`.
    crop : side of the square window, pixels: at random in training, else centered.
    length, overlap : of the clips, in kept flow frames.
    sampling : "windows" are clips of neighboring flow frames, as in the paper. A clip of the
        "whole" action has one frame from each of `length` equal parts of the sequence: in training
        one clip a sequence with frames at random, else `sets` clips between each other.
    sets : see `sampling`.

    Attributes
    ----------
    clips : tuple of Clip, in the order of the items; random frames are not in it.
    """

    _: KW_ONLY
    crop: int = 112
    length: int = 16
    overlap: int = 8
    sampling: SamplingName = "windows"
    sets: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.store.meta.has_flow:
            raise ConfigError(
                f"{self.store.path}: holds skeletons alone, and clips need flow; prepare the "
                "recordings without --skeletons-only, or train a network that reads skeletons"
            )
        width, height = self.store.meta.flow.size
        if not 1 <= self.crop <= min(width, height):
            raise ConfigError(
                f"clips: crop {self.crop} does not fit the store's {width}x{height} flow"
            )
        if self.sampling not in get_args(SamplingName) or self.sets < 1:
            raise ConfigError(
                f"clips: sampling must be one of {', '.join(get_args(SamplingName))} and sets "
                f"positive, found {self.sampling!r} and {self.sets}"
            )
        self.clips = tuple(
            clip
            for sequence, name in enumerate(self.names)
            for clip in self._clips(sequence, self.store.attributes(name)["frames"])
        )
        kept = self.names if self.cache else ()
        self._flow = {name: self.store.flow(name) for name in kept}
        self._joints_px = {name: self.store.joints_px(name) for name in kept}

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, item: int) -> Batch:
        clip = self.clips[item]
        random = self._random(item)
        flip = self._flips(clip.sequence, random)
        corner = self._corner(random)
        if self.train and clip.spread is not None:
            clip = self._jitter(clip, random)
        flow, joints_px = self._read_clip(clip, corner, random, flip=flip)
        return Batch(
            flow=flow,
            joints_px=joints_px,
            joints_m=self._skeleton(clip.sequence, random, flip=flip),
            label=self._label(clip.sequence, flip=flip),
            index=torch.tensor(clip.sequence),
        )

    def item_labels(self) -> list[int]:
        """The class index of every clip."""
        return [self.labels[clip.sequence] for clip in self.clips]

    def first_items(self) -> list[int]:
        """The first clip of every sequence."""
        first: dict[int, int] = {}
        for item, clip in enumerate(self.clips):
            first.setdefault(clip.sequence, item)
        return list(first.values())

    def _clips(self, sequence: int, frames: int) -> Iterator[Clip]:
        """Every clip of a recording of so many frames."""
        stride, length = self.store.meta.flow.stride, self.length
        if self.sampling == "windows":
            return neighbor_clips(
                sequence, frames, stride=stride, length=length, overlap=self.overlap
            )
        sets = 1 if self.train else self.sets
        return whole_clips(sequence, frames, stride=stride, length=length, sets=sets)

    def _jitter(self, clip: Clip, random: np.random.Generator) -> Clip:
        frames = self.store.attributes(self.names[clip.sequence])["frames"]
        count = len(pair_times(frames, self.store.meta.flow.stride))
        return jittered_clip(
            clip.sequence,
            count,
            length=self.length,
            crop_time=self.augmentation.flow.crop_time,
            random=random,
        )

    def _corner(self, random: np.random.Generator) -> tuple[int, int]:
        free = [side - self.crop for side in self.store.meta.flow.size]
        if self.train:
            return int(random.integers(free[0] + 1)), int(random.integers(free[1] + 1))
        return free[0] // 2, free[1] // 2

    def _read_clip(
        self, clip: Clip, corner: tuple[int, int], random: np.random.Generator, *, flip: bool
    ) -> tuple[Tensor, Tensor]:
        """Flow and joints of a clip, changed at random in training where that is asked for."""
        colored, joints_px = self._read_flow(clip, corner), self._read_joints_px(clip, corner)
        if self.train and self.augmentation.flow.changes_motion:
            colors, joints_px = self._augment(clip, colored, joints_px, random)
            flow = torch.from_numpy(np.ascontiguousarray(colors.transpose(3, 0, 1, 2)))
        else:
            flow = to_tensor(colored)
        if flip:
            flow = mirror_flow(flow)
        if flip and self.layout is not None:
            joints_px = mirror_joints(joints_px, self.layout, about=float(self.crop - 1))
        return flow, torch.from_numpy(joints_px)

    def _augment(
        self,
        clip: Clip,
        colored: UInt8[np.ndarray, "l h w 3"],
        joints_px: Float32[np.ndarray, "l bodies joints 2"],
        random: np.random.Generator,
    ) -> tuple[Float32[np.ndarray, "l h w 3"], Float32[np.ndarray, "l bodies joints 2"]]:
        flow = self.store.meta.flow
        own_range = self.store.attributes(self.names[clip.sequence])["range_m"]
        return augment_flow(
            colored,
            joints_px,
            self.augmentation.flow,
            random,
            range_m=own_range if flow.range_m is None else flow.range_m,
            companding=flow.companding,
        )

    def _read_flow(self, clip: Clip, corner: tuple[int, int]) -> UInt8[np.ndarray, "l h w 3"]:
        name, frames = self.names[clip.sequence], clip.frames(self.length)
        kept = self._flow.get(name)
        read = self.store.flow_at(name, frames) if kept is None else kept[frames]
        x, y = corner
        window = read[:, y : y + self.crop, x : x + self.crop]
        still = np.full((clip.pad, *window.shape[1:]), STILL, np.uint8)
        return np.concatenate((window, still))

    def _read_joints_px(
        self, clip: Clip, corner: tuple[int, int]
    ) -> Float32[np.ndarray, "l bodies joints 2"]:
        name = self.names[clip.sequence]
        joints_px = self._joints_px.get(name)
        joints_px = self.store.joints_px(name) if joints_px is None else joints_px
        times = np.pad(clip.frames(self.length), (0, clip.pad), mode="edge")
        placed = _fill_bodies(joints_px[times], self._bodies, self.layout)
        placed -= np.array(corner, np.float32)
        return placed


def to_tensor(
    colored: UInt8[np.ndarray, "l h w 3"], *, flip: bool = False
) -> Float32[Tensor, "3 l h w"]:
    """Colored flow as the networks read it: channels first, 128 becomes 0, 255 becomes 1.

    With `flip`, left and right change places: the image is mirrored and x-motion changes sign.
    """
    flow = torch.from_numpy(np.ascontiguousarray(colored.transpose(3, 0, 1, 2))).float()
    flow.sub_(STILL).div_(255 - STILL)
    return mirror_flow(flow) if flip else flow


def mirror_flow(flow: Float32[Tensor, "3 l h w"]) -> Float32[Tensor, "3 l h w"]:
    """Left and right change places: the image is mirrored, and x-motion changes sign."""
    flow = flow.flip(-1)
    flow[0] = -flow[0]
    return flow


def _class_indices(
    store: SequenceSource, names: Sequence[str], classes: Sequence[int]
) -> list[int]:
    if not names:
        raise DataError(f"{store.path}: no sequences to read; does the protocol fit this store?")
    indices = {action: index for index, action in enumerate(classes)}
    actions = [store.attributes(name)["labels"]["action"] for name in names]
    for name, action in zip(names, actions, strict=True):
        if action not in indices:
            raise DataError(
                f"{store.path}: action {action} of {name} is none of the {len(classes)} classes"
            )
    return [indices[action] for action in actions]


def _mirrored_indices(store: SequenceSource, classes: Sequence[int]) -> list[int | None]:
    """Of each class, the index of the mirrored action; None where there is none."""
    indices = {action: index for index, action in enumerate(classes)}
    mirror = find_data_set(store.meta.source).mirrored_action
    mirrored = (mirror(action) for action in classes)
    return [None if action is None else indices.get(action) for action in mirrored]


def _fill_bodies(
    joints: Float32[np.ndarray, "t found joints axes"], bodies: int, layout: Layout | None
) -> Float32[np.ndarray, "t bodies layout_joints axes"]:
    """The first `bodies` bodies; those that are missing are NaN."""
    count = joints.shape[2] if layout is None else len(layout)
    filled = np.full((len(joints), bodies, count, joints.shape[3]), np.nan, np.float32)
    if joints.shape[1]:
        filled[:, : joints.shape[1]] = joints[:, :bodies]
    return filled
