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
from skelflow.datasets.config import PrepareConfig
from skelflow.datasets.meta import PreparedSequence
from skelflow.datasets.sequence import prepare_sequence
from skelflow.datasets.source import OneSequence
from skelflow.errors import DataError
from skelflow.models.checkpoint import Checkpoint
from skelflow.models.config import TcnBjcnConfig
from skelflow.recordings import open_recording
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Recording


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
    checkpoint : a network in evaluation mode, and how its recordings were prepared.

    Examples
    --------
    ::

        recognizer = Recognizer.load("runs/fused")
        result = recognizer.recognize("depth/a27_s8_t3_depth.mat")
        print(result.guesses[0].name)
    """

    checkpoint: Checkpoint

    @classmethod
    def load(cls, path: str | Path) -> "Recognizer":
        """Read a run folder, or a weights file that a run made.

        Raises
        ------
        WeightsError
            There are no weights, or they do not say how their recordings were prepared.
        """
        return cls(Checkpoint.load(path))

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
        network = self.checkpoint.network
        seconds: dict[str, float] = {}
        with _timed(seconds, "read"):
            if not isinstance(recording, Recording):
                recording = open_recording(recording)
            self._check(recording)
        with _timed(seconds, "flow" if network.needs_flow else "skeleton"):
            prepare = self._with_flow if network.needs_flow else self._without_flow
            sequence = prepare(recording)
        with _timed(seconds, "network"):
            batches = list(self._batches(sequence))
            probabilities = self._probabilities(batches)
            scores = self._scores(batches[0])
        return Result(recording.name, self._name(probabilities, top), scores, seconds)

    def _check(self, recording: Recording) -> None:
        """Refuse a recording whose joints are not those the network was trained on."""
        network, layout = self.checkpoint.network, self.checkpoint.meta.layout
        if not network.needs_skeleton or layout is None:
            return
        if recording.skeleton is None:
            raise DataError(
                f"{recording.path}: no skeleton, but {network.name} reads one; "
                "use a network that sees flow alone, such as c3d"
            )
        if recording.skeleton.layout != layout:
            found = recording.skeleton.joints_m.shape[2]
            raise DataError(
                f"{recording.path}: {found} joints ({recording.skeleton.layout}), the network was "
                f"trained on {len(find_layout(layout))} ({layout})"
            )
        if not np.isfinite(recording.skeleton.joints_m).any():
            raise DataError(f"{recording.path}: no body is tracked in any frame")

    def _with_flow(self, recording: Recording) -> PreparedSequence:
        meta = self.checkpoint.meta
        config = PrepareConfig(
            crop=meta.crop,
            size=meta.size,
            stride=meta.stride,
            preset=meta.preset,
            region=meta.region,
        )
        return prepare_sequence(recording, config, range_m=meta.range_m, layout=meta.layout)

    def _without_flow(self, recording: Recording) -> PreparedSequence:
        """The skeleton alone: no flow is computed for a network that sees none."""
        meta, skeleton = self.checkpoint.meta, recording.skeleton
        if skeleton is None or len(recording) < 2:
            raise DataError(f"{recording.path}: {len(recording)} frame(s), expected at least 2")
        return PreparedSequence(
            name=recording.name,
            flow=np.zeros((0, *meta.size[::-1], 3), np.uint8),
            joints_px=np.zeros((0, *skeleton.joints_m.shape[1:3], 2), np.float32),
            joints_m=skeleton.joints_m,
            range_m=meta.range_m or 1.0,
            layout=meta.layout,
        )

    def _batches(self, sequence: PreparedSequence) -> Iterator[Batch]:
        source = OneSequence(self.checkpoint.meta, sequence, self.checkpoint.classes[0])
        yield from DataLoader(self.checkpoint.samples(source, [sequence.name]), batch_size=8)

    @torch.inference_mode()
    def _probabilities(self, batches: list[Batch]) -> list[float]:
        """Mean over the sequence's clips."""
        logits = torch.cat([self.checkpoint.network(batch) for batch in batches])
        mean: list[float] = logits.softmax(dim=1).mean(dim=0).tolist()
        return mean

    @torch.inference_mode()
    def _scores(self, batch: Batch) -> tuple[dict[str, float], ...]:
        """Joint name -> score of each body that is there; empty for a network without a score."""
        network, layout = self.checkpoint.network, self.checkpoint.meta.layout
        if layout is None or not isinstance(network.config, TcnBjcnConfig):
            return ()
        score, joints = network.score(batch)[0], find_layout(layout).joints
        present = batch.joints_m[0].isfinite().flatten(2).any(dim=2).any(dim=0)
        return tuple(
            dict(zip(joints, score[body].tolist(), strict=True))
            for body in present.nonzero().flatten().tolist()
        )

    def _name(self, probabilities: list[float], top: int) -> tuple[Guess, ...]:
        actions, names = self.checkpoint.classes, self.checkpoint.class_names
        order = [int(i) for i in np.argsort(probabilities)[::-1][:top]]
        return tuple(Guess(actions[i], names[i], probabilities[i]) for i in order)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
