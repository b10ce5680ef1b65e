"""From a recording to an action: load a trained network once, then recognize."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from skelflow.datasets.batch import Batch
from skelflow.datasets.clips import ClipDataset, SkeletonDataset
from skelflow.datasets.config import PrepareConfig
from skelflow.datasets.meta import PreparedSequence, StoreMeta
from skelflow.datasets.sequence import prepare_sequence
from skelflow.datasets.source import OneSequence
from skelflow.errors import DataError, WeightsError
from skelflow.models.network import Network
from skelflow.models.weights import load_model, read_header
from skelflow.recordings import open_recording
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Recording

BEST = "best.safetensors"


@dataclass(frozen=True)
class Guess:
    """One action and how probable the network finds it."""

    action: int
    name: str
    probability: float


@dataclass(frozen=True)
class Result:
    """What was recognized in a recording.

    Parameters
    ----------
    recording : str
        Its name.
    guesses : most probable first.
    scores : one mapping a body, joint name -> informativeness in [0, 1] (Eq. 2); empty for
        networks without a score.
    seconds : stage -> time spent in it.
    """

    recording: str
    guesses: tuple[Guess, ...]
    scores: tuple[dict[str, float], ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """The result as one JSON object."""
        return json.dumps(asdict(self), indent=2)

    def to_text(self) -> str:
        """The result for reading."""
        lines = [self.recording]
        lines += [f"  {100 * g.probability:5.1f} %  {g.name}" for g in self.guesses]
        for number, scores in enumerate(self.scores, start=1):
            best = sorted(scores, key=scores.__getitem__, reverse=True)[:5]
            named = ", ".join(f"{joint} {scores[joint]:.2f}" for joint in best)
            lines.append(f"most informative joints of body {number}: {named}")
        spent = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in self.seconds.items())
        return "\n".join([*lines, f"time: {spent}"])


@dataclass(frozen=True)
class Recognizer:
    """A trained network with all it needs to read recordings.

    Parameters
    ----------
    network : in evaluation mode.
    meta : how the recordings it was trained on were prepared.
    actions : action number of each class.

    Examples
    --------
    ::

        recognizer = Recognizer.load("runs/fused")
        result = recognizer.recognize("depth/a27_s8_t4_depth.mat")
        print(result.guesses[0].name)
    """

    network: Network
    meta: StoreMeta
    actions: tuple[int, ...]

    @classmethod
    def load(cls, path: str | Path) -> "Recognizer":
        """Read a run folder, or a weights file that a run made.

        Raises
        ------
        WeightsError
            There are no weights, or they do not say how their recordings were prepared.
        """
        path = Path(path)
        weights = path / BEST if path.is_dir() else path
        header = read_header(weights)
        if missing := [key for key in ("store", "actions") if key not in header]:
            raise WeightsError(
                f"{weights}: its header lacks {missing}; use weights made by `skelflow train`"
            )
        meta = StoreMeta.from_json(json.loads(header["store"]))
        return cls(load_model(weights), meta, tuple(json.loads(header["actions"])))

    def recognize(self, recording: Recording | str | Path, *, top: int = 5) -> Result:
        """Name the action in a recording.

        Parameters
        ----------
        recording : a Recording, or the path of one.
        top : how many actions to name.

        Raises
        ------
        FormatError
            The recording cannot be read.
        DataError
            It has too few frames, no depth, or not the joints the network was made for.
        """
        seconds: dict[str, float] = {}
        with _timed(seconds, "read"):
            if not isinstance(recording, Recording):
                recording = open_recording(recording)
            self._check(recording)
        with _timed(seconds, "flow" if self.network.needs_flow else "skeleton"):
            sequence = self._prepare(recording)
        with _timed(seconds, "network"):
            batches = list(self._batches(sequence))
            probabilities = self._probabilities(batches)
            scores = self._scores(batches)
        return Result(recording.name, self._name(probabilities, top), scores, seconds)

    def _check(self, recording: Recording) -> None:
        if not self.network.needs_skeleton:
            return
        if recording.skeleton is None:
            raise DataError(
                f"{recording.path}: no skeleton, but {self.network.name} reads one; "
                "use a network that sees flow alone, such as c3d"
            )
        if recording.skeleton.layout != self.meta.layout:
            found = recording.skeleton.joints_m.shape[2]
            expected = "no joints" if self.meta.layout is None else _joint_count(self.meta.layout)
            raise DataError(
                f"{recording.path}: {found} joints ({recording.skeleton.layout}), the network was "
                f"trained on {expected} ({self.meta.layout})"
            )

    def _prepare(self, recording: Recording) -> PreparedSequence:
        if self.network.needs_flow:
            config = PrepareConfig(
                crop=self.meta.crop,
                size=self.meta.size,
                stride=self.meta.stride,
                preset=self.meta.preset,
                intensity="auto",
            )
            return prepare_sequence(
                recording, config, range_m=self.meta.range_m, layout=self.meta.layout
            )
        if recording.skeleton is None or len(recording) < 2:
            raise DataError(f"{recording.path}: {len(recording)} frame(s), expected at least 2")
        joints_m = recording.skeleton.joints_m
        if not np.isfinite(joints_m).any():
            raise DataError(f"{recording.path}: no body is tracked in any frame")
        return PreparedSequence(
            name=recording.name,
            flow=np.zeros((0, *self.meta.size[::-1], 3), np.uint8),
            joints_px=np.zeros((0, *joints_m.shape[1:3], 2), np.float32),
            joints_m=joints_m,
            range_m=self.meta.range_m or 1.0,
            layout=self.meta.layout,
        )

    def _batches(self, sequence: PreparedSequence) -> Iterator[Batch]:
        source = OneSequence(self.meta, sequence, self.actions[0])
        config = self.network.config
        sizes = {
            "frames": getattr(config, "frames", 1),
            "bodies": getattr(config, "bodies", None),
        }
        common = (source, [sequence.name], self.actions)
        if self.network.needs_flow:
            data: SkeletonDataset = ClipDataset(
                *common,
                crop=getattr(config, "crop", 112),
                length=getattr(config, "clip_length", 16),
                **sizes,
            )
        else:
            data = SkeletonDataset(*common, **sizes)
        yield from DataLoader(data, batch_size=8)

    @torch.inference_mode()
    def _probabilities(self, batches: list[Batch]) -> list[float]:
        """Mean over the sequence's clips."""
        logits = torch.cat([self.network(batch) for batch in batches])
        mean: list[float] = logits.softmax(dim=1).mean(dim=0).tolist()
        return mean

    @torch.inference_mode()
    def _scores(self, batches: list[Batch]) -> tuple[dict[str, float], ...]:
        if not hasattr(self.network, "skeleton") or self.meta.layout is None:
            return ()
        try:
            score = self.network.score(batches[0])[0]
        except DataError:  # a network without one
            return ()
        present = batches[0].joints_m[0].isfinite().flatten(2).any(dim=2).any(dim=0)
        joints = find_layout(self.meta.layout).joints
        return tuple(
            dict(zip(joints, score[body].tolist(), strict=True))
            for body in present.nonzero().flatten().tolist()
        )

    def _name(self, probabilities: list[float], top: int) -> tuple[Guess, ...]:
        order = np.argsort(probabilities)[::-1][:top]
        names = self.meta.class_names
        return tuple(
            Guess(self.actions[i], names.get(self.actions[i], str(self.actions[i])), p)
            for i, p in ((int(i), probabilities[i]) for i in order)
        )


def _joint_count(layout: str) -> str:
    return f"{len(find_layout(layout))} joints"


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
