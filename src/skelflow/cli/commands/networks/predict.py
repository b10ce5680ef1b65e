"""The command that recognizes recordings."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from skelflow.cli.app import Count, app, say

if TYPE_CHECKING:
    from skelflow.inference import Recognizer
    from skelflow.types import Recording

Said = tuple[dict[str, Any], str]
Ask = Callable[["Recognizer", "Recording | Path"], Said]


@app.command
def predict(
    run: Path,
    recordings: list[Path],
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    top: Count = 5,
    windows: Annotated[bool, Parameter(negative=())] = False,
    window_s: float = 3.0,
    every_s: float = 1.0,
    people: Annotated[bool, Parameter(negative=())] = False,
    device: str = "cpu",
    engine: str | None = None,
    precision: Literal["float32", "bfloat16"] = "float32",
    pose: Literal["auto", "estimate", "recorded"] = "auto",
) -> None:
    """Recognize the action in recordings.

    Example:  skelflow predict runs/fused UTD_MHAD/depth/a27_s8_t3_depth.mat

    Example:  skelflow predict synthetic-8 people --windows

    Parameters
    ----------
    run
        Folder made by `skelflow train`, a weights file, the name of bundled weights, or what
        `skelflow export` wrote.
    recordings
        Recordings (see docs/recordings.md), or folders that hold some.
    json
        Print JSON instead of text: an object for one recording, a list for a folder or several.
    top
        How many actions to name.
    windows
        Say what happens when, for long recordings: start, end, action and its probability.
    window_s
        With --windows: seconds that are looked at together.
    every_s
        With --windows: seconds from one look to the next.
    people
        An answer for each person that is tracked, read alone; with --windows, what each does when.
    device
        Where the network computes: cpu, an accelerator such as cuda or cuda:1, or auto.
    engine
        What runs the network: torch, onnxruntime or openvino (see docs/engines.md); when not given
        torch, or the one that an exported file is for.
    precision
        bfloat16 is quicker where the processor knows it, and coarser.
    pose
        Joints: auto estimates them where the network reads joints and the recording has none,
        estimate always, recorded never. The answer says when they were estimated.
    """
    from skelflow.cli.progress import bar
    from skelflow.inference import Recognizer
    from skelflow.recordings import find_recordings, holds_many

    alone = len(recordings) == 1 and not holds_many(recordings[0])
    paths = recordings if alone else [path for each in recordings for path in find_recordings(each)]
    recognizer = Recognizer.load(run, device=device, engine=engine, precision=precision, pose=pose)
    spans = partial(_spans, window_s=window_s, every_s=every_s)
    ask: Ask = spans if windows else partial(_result, top=top)
    answers: list[dict[str, Any]] = []
    with bar("recognizing") as progress:
        for number, path in enumerate(paths, start=1):
            answer, text = _people(ask, recognizer, path) if people else ask(recognizer, path)
            answers.append(answer)
            if not json:
                say(text)
            if not alone:
                progress(number, len(paths), path.name)
    if json:
        say(_dump(answers[0] if alone else answers))


def _people(ask: Ask, recognizer: "Recognizer", path: Path) -> Said:
    """What is said of each person in it."""
    from skelflow.inference.people import find_people
    from skelflow.recordings import open_recording

    recording = open_recording(path)
    found, lines = [], [recording.name]
    for person in find_people(recognizer, recording):
        answer, text = ask(recognizer, person.recording)
        place = {"start_s": person.start_s, "end_s": person.end_s, "note": person.note}
        found.append({"person": person.number, **place, **answer})
        lines.append(f"person {person.number}, {person.start_s:.2f} to {person.end_s:.2f} s")
        lines += [f"note: {person.note}"] if person.note else []
        lines += text.splitlines()[1:]  # the first is the recording's name
    return {"recording": recording.name, "people": found}, "\n".join(lines)


def _result(recognizer: "Recognizer", recording: "Recording | Path", *, top: int) -> Said:
    """One answer for the whole recording."""
    import json

    result = recognizer.recognize(recording, top=top)
    return json.loads(result.to_json()), result.to_text()


def _spans(
    recognizer: "Recognizer", source: "Recording | Path", *, window_s: float, every_s: float
) -> Said:
    """What happens when."""
    from dataclasses import asdict

    from skelflow.datasets.prepare.adapt import at_rate
    from skelflow.inference.spans import find_spans
    from skelflow.inference.stream import StreamSource, frames_of
    from skelflow.recordings import open_recording

    recording = open_recording(source) if isinstance(source, Path) else source
    recording = at_rate(recording, recognizer.checkpoint.frame_rate_hz)
    recording = recognizer.with_joints(recording)
    answers = tuple(
        recognizer.stream(
            frames_of(recording),
            StreamSource.of(recording),
            window_s=window_s,
            every_s=every_s,
        )
    )
    found, notes = find_spans(answers), [note for each in answers for note in each.notes]
    lines = [f"note: {note}" for note in notes]
    lines += [
        f"  {each.start_s:7.2f} to {each.end_s:7.2f} s  {each.probability:6.1%}  {each.name}"
        for each in found
    ]
    windows = [asdict(each) for each in found]
    answer = {"recording": recording.name, "notes": notes, "windows": windows}
    return answer, "\n".join([recording.name, *lines])


def _dump(answer: object) -> str:
    import json

    return json.dumps(answer, indent=2)
