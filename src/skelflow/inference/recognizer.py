"""From a recording to an action: load a trained network once, then recognize."""

from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from itertools import islice
from math import inf
from pathlib import Path
from typing import cast

import numpy as np
import torch
from accelerate.utils import send_to_device
from torch import Tensor
from torch.utils.data import DataLoader

from skelflow.datasets.loading.batch import Batch
from skelflow.datasets.loading.clips import ClipDataset, SkeletonDataset
from skelflow.datasets.loading.sampling import Clip
from skelflow.datasets.prepare.adapt import at_rate
from skelflow.datasets.prepare.preprocess import Progress
from skelflow.datasets.windows import pair_times
from skelflow.errors import ConfigError, DataError, SkelflowError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.compute import find_device
from skelflow.inference.engines import device_of, make_engine
from skelflow.inference.explain import (
    are_spread,
    attention_by_frame,
    clip_ends,
    flow_by_frame,
    frames_read,
    probabilities_by_frame,
    seen_window,
)
from skelflow.inference.exported.formats import Precision
from skelflow.inference.hub import HubWeights
from skelflow.inference.reading import (
    Reading,
    is_estimated,
    prepared_samples,
    sequence_samples,
    timed,
)
from skelflow.inference.result import Explanation, Prediction, Result
from skelflow.inference.stream import (
    OnFlow,
    SlidingWindow,
    StreamAnswer,
    StreamFrame,
    StreamSource,
    answer_frames,
    check_rate,
    wants_estimate,
    with_estimated_joints,
)
from skelflow.models.config import Input
from skelflow.models.guides.normalize import present_bodies
from skelflow.pose import PoseMode, describe_estimate, has_joints, with_joints
from skelflow.recordings import open_recording
from skelflow.recordings.consistency import checked
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Recording


@dataclass(eq=False)
class Recognizer(HubWeights):
    """A trained network with all it needs to read recordings.

    Parameters
    ----------
    checkpoint : a network in evaluation mode, and how its recordings were prepared.
    device : where the network computes, see `skelflow.inference.compute.find_device`; scene flow
        is computed on the processor.
    engine : what runs the network: "torch", "onnxruntime", "openvino" or one of your own, see
        `skelflow.inference.engines`; None = torch, or the one that an exported file is for. Scores
        and attention of weights are always torch's.
    precision : in which the engine computes, "float32" or "bfloat16".
    pose : "auto" estimates joints where the network reads them and no body is tracked, "estimate"
        always, "recorded" never.

    Raises
    ------
    ConfigError
        There is no such device, engine or precision; those that are there are named.

    Examples
    --------
    ::

        recognizer = Recognizer.load("runs/fused")
        result = recognizer.recognize("depth/a27_s8_t3_depth.mat")
        print(result.predictions[0].name)
    """

    checkpoint: Checkpoint
    _: KW_ONLY
    device: str = "cpu"
    engine: str | None = None
    precision: Precision = "float32"
    pose: PoseMode = "auto"

    def __post_init__(self) -> None:
        network = self.checkpoint.network
        self._device = find_device(device_of(self.device, self.engine, network))
        self._logits = make_engine(self.engine, network, self._device, self.precision)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        device: str = "cpu",
        engine: str | None = None,
        precision: Precision = "float32",
        pose: PoseMode = "auto",
    ) -> "Recognizer":
        """Read a run folder, a weights file, an exported one, or bundled weights ("synthetic-8").

        Parameters
        ----------
        path : of the folder or file, or the name of bundled weights.
        device, engine, precision, pose : see the class.

        Raises
        ------
        WeightsError
            There are no weights, or they do not say how their recordings were prepared.
        ConfigError
            There is no such device, engine or precision.
        """
        checkpoint = Checkpoint.load(path)
        return cls(checkpoint, device=device, engine=engine, precision=precision, pose=pose)

    def recognize(
        self,
        recording: Recording | str | Path,
        *,
        top: int = 5,
        progress: Progress = lambda *_: None,
    ) -> Result:
        """Name the action in a recording.

        Parameters
        ----------
        recording : a Recording, or the path of one.
        top : how many actions to name.
        progress : called after each frame pair whose flow is known.

        Raises
        ------
        FormatError
            The recording cannot be read.
        DataError
            It has too few frames, no depth, or not the joints the network was made for.
        """
        return self._result(self._read(recording, progress), top)

    def explain(
        self,
        recording: Recording | str | Path,
        *,
        top: int = 5,
        progress: Progress = lambda *_: None,
    ) -> Explanation:
        """Name the action, and say what the network saw and attended to at each frame.

        Parameters
        ----------
        recording, top, progress : see `recognize`.

        Raises
        ------
        FormatError, DataError
            See `recognize`.
        """
        reading = self._read(recording, progress, keep=True)
        network, meta = self.checkpoint.network, self.checkpoint.meta
        pairs = pair_times(len(reading.recording), meta.flow.stride)
        clips: tuple[Clip, ...] = (Clip(0, 0, 0),)
        length = len(pairs)  # one sample holds all frames
        if network.config.clip is not None:
            clips, length = cast(ClipDataset, reading.samples).clips, network.config.clip.length
        of_clips, batches = reading.logits.softmax(dim=1), reading.batches
        return Explanation(
            self._result(reading, top),
            times=tuple(pairs[frame] for frame in frames_read(clips, length)),
            window=seen_window(reading.recording.camera, reading.window, meta, network),
            probabilities=probabilities_by_frame(clips, of_clips, length),
            classes=self.checkpoint.class_names,
            clips=() if are_spread(clips) else tuple(clip_ends(clip, length) for clip in clips),
            clip_probabilities=np.asarray(of_clips, np.float32),
            flow=flow_by_frame(clips, batches) if Input.FLOW in network.inputs else None,
            attention=attention_by_frame(network, clips, batches),
        )

    def stream(
        self,
        frames: Iterable[StreamFrame],
        source: StreamSource,
        *,
        window_s: float = 3.0,
        every_s: float = 0.5,
        top: int = 5,
        on_flow: OnFlow = lambda _: None,
    ) -> Iterator[StreamAnswer]:
        """Name the action in the last seconds of frames, again and again while they come.

        Memory depends on the window alone. A window as long as a recording gives, at its last
        frame, the answer of `recognize`. Joints that the network reads and frames lack are
        estimated from the frames so far.

        Parameters
        ----------
        frames : in order, see `frames_of` and `replay` in `skelflow.inference.stream`.
        source : what they have in common.
        window_s : how far back an answer looks.
        every_s : from one answer to the next; there is one at the last frame too.
        top : how many actions to name.
        on_flow : called with the colored flow of each pair, of a network that reads flow.

        Raises
        ------
        ConfigError
            A time is not positive and finite.
        DataError
            The frames lack what the network reads, or come in another order.
        """
        if not (0 < window_s < inf and 0 < every_s < inf):
            raise ConfigError(
                f"stream: times must be positive and finite, found {window_s} and {every_s} s"
            )
        check_rate(source, self.checkpoint.frame_rate_hz)
        if self._reads_joints and not source.estimate and wants_estimate(self.pose, source.layout):
            layout = str(self.checkpoint.meta.layout)
            frames, source = with_estimated_joints(frames, source, layout)
        self._check_layout(source.name, source.layout)
        window = SlidingWindow(
            source,
            self.checkpoint,
            round(window_s * source.frame_rate_hz),
            on_flow=on_flow,
        )
        return answer_frames(
            frames,
            window,
            every_s,
            lambda read: self._name(self._run(sequence_samples(self.checkpoint, read))[1], top),
            lambda frame: self._notes(
                source.estimate,
                source.notes,
                self.checkpoint.flow_of(frame).intensity,
            ),
        )

    def warm_up(self, frames: Iterable[StreamFrame], source: StreamSource) -> None:
        """Compile and load what the first answer needs, from the first frames of a stream."""
        for _ in self.stream(islice(frames, 2), source, every_s=60.0):
            pass

    def _read(
        self, recording: Recording | str | Path, progress: Progress, *, keep: bool = False
    ) -> Reading:
        seconds: dict[str, float] = {}
        with timed(seconds, "read"):
            if not isinstance(recording, Recording):
                recording = open_recording(recording)
            elif not recording.source:  # no reader has checked it
                recording = checked(recording)
            recording = at_rate(recording, self.checkpoint.frame_rate_hz)
        if self._reads_joints:
            with timed(spent := dict[str, float](), "joints"):
                recorded, recording = recording, self.with_joints(recording)
            seconds |= spent if recording is not recorded else {}  # else nothing was estimated
        self._check(recording)
        sequence, samples = prepared_samples(self.checkpoint, recording, seconds, progress)
        solved_s = seconds.get("flow", 0.0)
        with timed(seconds, "network"):
            batches, logits = self._run(samples, keep=keep)
        seconds["network"] -= seconds.get("flow", 0.0) - solved_s  # what was solved meanwhile
        estimate = describe_estimate(recording.skeleton)
        notes = self._notes(estimate, recording.repairs, sequence.intensity)
        return Reading(recording, notes, sequence.window, samples, batches, logits, seconds)

    @torch.inference_mode()
    def _run(self, samples: SkeletonDataset, *, keep: bool = False) -> tuple[list[Batch], Tensor]:
        """Batches of the samples, all if asked for, else the first; and the answers to all."""
        batches: list[Batch] = []
        logits: list[Tensor] = []
        for read in DataLoader(samples, batch_size=8):
            batch = send_to_device(read, self._device)
            logits.append(self._logits(batch).cpu())
            batches += [batch] if keep or not batches else []
        return batches, torch.cat(logits)

    def _result(self, reading: Reading, top: int) -> Result:
        """The mean over the sequence's clips."""
        return Result(
            reading.recording.name,
            predictions=self._name(reading.logits, top),
            scores=self._scores(reading.batches[0]),
            seconds=reading.seconds,
            notes=reading.notes,
        )

    def with_joints(self, recording: Recording) -> Recording:
        """The recording with the joints that the network will read, estimated if need be.

        Raises
        ------
        DataError
            There are none, and none can be estimated.
        """
        layout = self.checkpoint.meta.layout
        if not self._reads_joints or layout is None or is_estimated(recording):
            return recording
        try:
            return with_joints(recording, self.pose, layout)
        except SkelflowError as error:
            if has_joints(recording):
                raise
            raise DataError(
                f"{recording.path}: no skeleton, but {self.checkpoint.network.name} reads one; "
                f"none can be estimated ({error}); use a network that sees flow alone, such as c3d"
            ) from error

    @property
    def _reads_joints(self) -> bool:
        return self.checkpoint.network.config.reads_joints

    def _check(self, recording: Recording) -> None:
        """Refuse a recording whose joints are not those the network was trained on."""
        if not self._reads_joints:
            return
        skeleton = recording.skeleton
        self._check_layout(str(recording.path), None if skeleton is None else skeleton.layout)
        if skeleton is not None and not np.isfinite(skeleton.joints_m).any():
            raise DataError(f"{recording.path}: no body is tracked in any frame")

    def _check_layout(self, where: str, found: str | None) -> None:
        """Refuse joints that are not those the network was trained on, if it reads any."""
        network, layout = self.checkpoint.network, self.checkpoint.meta.layout
        if not self._reads_joints:
            return
        if found is None:
            raise DataError(
                f"{where}: no skeleton, but {network.name} reads one; "
                "use a network that sees flow alone, such as c3d"
            )
        if found != layout:
            expected = "none" if layout is None else f"{len(find_layout(layout))} ({layout})"
            raise DataError(
                f"{where}: {len(find_layout(found))} joints ({found}), the network was "
                f"trained on {expected}"
            )

    def _notes(self, estimate: str, repairs: tuple[str, ...], intensity: str) -> tuple[str, ...]:
        """What to know of an answer: how its joints came, what was mended, what its flow saw."""
        estimated = (estimate,) if estimate and self._reads_joints else ()
        return (*estimated, *repairs, *self._unlike_training(intensity))

    def _unlike_training(self, intensity: str) -> tuple[str, ...]:
        """In what a recording differs from those the network was trained on, in words."""
        known, alone = self.checkpoint.intensities, {"none": "depth alone"}
        reads_clips = self.checkpoint.network.config.reads_clips
        if not (reads_clips and known) or intensity in known:
            return ()
        own, theirs = (alone.get(name, name) for name in (intensity, " or ".join(known)))
        return (f"its flow saw {own}, that of the training recordings {theirs}",)

    @torch.inference_mode()
    def _scores(self, batch: Batch) -> tuple[dict[str, float], ...]:
        """Joint name -> score of each body that is there; empty for a network without a score."""
        network, layout = self.checkpoint.network, self.checkpoint.meta.layout
        if layout is None or not network.has_score:
            return ()
        score, joints = network.score(batch)[0], find_layout(layout).joints
        present = present_bodies(batch.joints_m)[0]
        return tuple(
            dict(zip(joints, score[body].tolist(), strict=True))
            for body in present.nonzero().flatten().tolist()
        )

    def _name(self, logits: Tensor, top: int) -> tuple[Prediction, ...]:
        """The likeliest actions, by the mean over the clips."""
        probabilities: list[float] = logits.softmax(dim=1).mean(dim=0).tolist()
        actions, names = self.checkpoint.classes, self.checkpoint.class_names
        order = [int(i) for i in np.argsort(probabilities)[::-1][:top]]
        return tuple(Prediction(actions[i], names[i], probabilities[i]) for i in order)
