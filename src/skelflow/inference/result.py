"""What is said of a recording: its action, how sure, and what the network looked at."""

import json
from dataclasses import asdict, dataclass, field

import numpy as np
from jaxtyping import Float32, UInt8


@dataclass(frozen=True)
class Prediction:
    """An action and how probable the network finds it."""

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
    predictions : most probable first.
    scores : one mapping a body, joint name -> informativeness in [0, 1] (Eq. 2); empty for
        networks without a score.
    seconds : stage -> time spent in it.
    notes : what to know of the answer, a sentence each: that joints were estimated, what was
        mended in the recording, in what it differs from the training's.
    """

    recording: str
    predictions: tuple[Prediction, ...]
    scores: tuple[dict[str, float], ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The result as one JSON object; its key for the predictions is "guesses"."""
        keys = {"predictions": "guesses"}
        values = {keys.get(name, name): value for name, value in asdict(self).items()}
        return json.dumps(values, indent=2)

    def to_text(self) -> str:
        """The result for reading."""
        lines = [self.recording, *(f"note: {note}" for note in self.notes)]
        lines += [f"  {100 * each.probability:5.1f} %  {each.name}" for each in self.predictions]
        for number, scores in enumerate(self.scores, start=1):
            best = sorted(scores, key=scores.__getitem__, reverse=True)[:5]
            named = ", ".join(f"{joint} {scores[joint]:.2f}" for joint in best)
            lines.append(f"most informative joints of body {number}: {named}")
        spent = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in self.seconds.items())
        return "\n".join([*lines, f"time: {spent}"])


@dataclass(frozen=True)
class Explanation:
    """A result, and what led to it at each of the frames the network saw.

    Parameters
    ----------
    result : Result
    times : n frame numbers of the recording, of the pairs that the network read.
    window : (left, top, width, height), the part of the depth image that the network sees, in its
        pixels; the first two may lie between pixels.
    probabilities : (n, classes) float32
        Of the clips that hold the frame, their mean; each row sums to 1. Where clips spread over
        the whole recording, the mean of all of them at each frame.
    classes : name of each class.
    clips : (first, one past the last) of each clip, as positions in `times`; empty where clips
        spread over the whole recording, for none is a part of its time.
    clip_probabilities : (clips, classes) float32, what the network answered to each clip.
    flow : (n, side, side, 3) uint8
        Colored flow as the network sees it, 128 = no motion; None for a network without flow.
    attention : (n, side, side) float32
        The mask M of the first convolution (Eq. 3 or 5): 0 outside the joints' discs, 1 inside or,
        with AT-2, 1 + the mean score of the joints there; with `time_attention` up to twice as
        much. None for a network without attention.
    """

    result: Result
    times: tuple[int, ...]
    window: tuple[float, float, float, float]
    probabilities: Float32[np.ndarray, "n classes"]
    classes: tuple[str, ...]
    clips: tuple[tuple[int, int], ...]
    clip_probabilities: Float32[np.ndarray, "clips classes"]
    flow: UInt8[np.ndarray, "n side side 3"] | None = None
    attention: Float32[np.ndarray, "n side side"] | None = None
