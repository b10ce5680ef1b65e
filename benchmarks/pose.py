"""How good estimated joints are, and what networks make of them.

people: synthetic people whose joints are known, from color, infrared and paintings of the depth.
Their recordings are made beforehand, without and with a sensor's noise and a tracker's:

    skelflow synth --out clean --clean OPTIONS
    skelflow synth --out noisy OPTIONS
    OPTIONS = --actions 7,10,23,24,27,50 --people 3 --cameras 2 --color-size 960x540 --longest 12

The joints' weights and depths were fitted to performers 1 and 2; measured is performer 3.

utd: test subjects of UTD-MHAD from paintings of the depth, against what Kinect v1 said, and what
the bundled networks, or yours, answer of either. What was stopped goes on with the same command.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from skelflow.inference import Recognizer
from skelflow.pose import estimate_skeleton
from skelflow.recordings import find_recordings, open_recording
from skelflow.skeleton.layouts import find_layout
from skelflow.types import Recording, Skeleton

SOURCES = ("color", "infrared", "depth")
FITTED = ("P001", "P002")
TEST_SUBJECTS = (2, 4, 6, 8)
COARSE = ("tip", "thumb")  # joints that BlazePose has no landmark for
NETWORKS = ("utd-mhad-skeleton", "utd-mhad-flow", "utd-mhad")
NOMINAL_FX = 285.63  # of a Kinect v1 at 320 pixels, by its SDK


def compare(found: Skeleton, truth: Skeleton) -> dict[str, list[Any]]:
    """Frame by frame and body by body: whether it was found, and how far its joints lie off."""
    names = find_layout(truth.layout).joints
    fine = [i for i, name in enumerate(names) if not name.endswith(COARSE)]
    result: dict[str, list[Any]] = {"found": [], "px": [], "mm": []}
    for t in range(len(truth)):
        for body in np.flatnonzero(np.isfinite(truth.joints_m[t]).any(axis=(1, 2))):
            true_px, true_m = truth.joints_px[t, body, fine], truth.joints_m[t, body, fine]
            px = np.linalg.norm(found.joints_px[t][:, fine] - true_px, axis=-1)
            mm = 1000 * np.linalg.norm(found.joints_m[t][:, fine] - true_m, axis=-1)
            size = np.nanmax(true_px[:, 1]) - np.nanmin(true_px[:, 1])
            present = np.isfinite(px).any(axis=1)
            away = np.append(np.full(len(px), np.inf), np.inf)  # the last stands for nobody
            away[:-1][present] = np.nanmedian(px[present], axis=1)
            nearest = int(np.argmin(away))
            result["found"].append(bool(away[nearest] < size / 4))
            if result["found"][-1]:
                result["px"] += px[nearest][np.isfinite(px[nearest])].round(2).tolist()
                result["mm"] += mm[nearest][np.isfinite(mm[nearest])].round(1).tolist()
    return result


def summarize(results: list[dict[str, list[Any]]]) -> str:
    """Found share, median and 90th percentile in pixels and millimeters."""
    found, px, mm = (
        list(chain.from_iterable(each[key] for each in results)) for key in ("found", "px", "mm")
    )
    parts = [f"found {sum(found):>5} of {len(found):<5}"]
    for values, unit in ((px, "px"), (mm, "mm")):
        parts.append(f"{np.median(values):6.1f} {np.percentile(values, 90):6.1f} {unit}")
    return "   ".join(parts)


def people(options: argparse.Namespace) -> None:
    """Synthetic people; the truth of a noisy recording are the joints of the clean one."""
    print("found: bodies in frames; error: median and 90th percentile")
    for kind in ("clean", "noisy"):
        for source in SOURCES:
            results, spent, frames = [], 0.0, 0
            for path in find_recordings(getattr(options, kind)):
                if any(person in path.name for person in FITTED):
                    continue
                recording = open_recording(path)
                truth = open_recording(
                    options.clean / path.relative_to(options.noisy) if kind == "noisy" else path
                ).skeleton
                start = time.process_time()
                found = estimate_skeleton(recording, source=source)
                spent += time.process_time() - start
                frames += len(recording)
                results.append(compare(found, truth))
            took = f"{1000 * spent / frames:.0f} ms a frame"
            print(f"{kind:<6} {source:<9} {summarize(results)}   {took}", flush=True)


def sample_recordings(folder: Path, count: int) -> Iterator[Path]:
    """Recordings of UTD-MHAD's test subjects; any 27 that follow each other are all actions."""
    names = [
        f"a{action}_s{TEST_SUBJECTS[(action + turn) % 4]}_t{turn // 4 + 1}"
        for turn in range(16)
        for action in range(1, 28)
    ]
    there = (folder / name for name in names if (folder / "depth" / f"{name}_depth.mat").is_file())
    return (path for path, _ in zip(there, range(count), strict=False))


def utd(options: argparse.Namespace) -> None:
    """UTD-MHAD: every recording's line goes into a file, from which the table is made."""
    done: dict[str, Any] = {}
    if options.out.is_file():
        lines = map(json.loads, options.out.read_text().splitlines())
        done = {line["name"]: line for line in lines}
    recognizers = {str(run): Recognizer.load(run) for run in options.run}
    paths = list(sample_recordings(options.data, options.count))
    for number, path in enumerate(paths, start=1):
        if not set(recognizers) <= set(done.get(path.name, {}).get("answers", {})):
            done[path.name] = measure(open_recording(path), recognizers)
            with options.out.open("a") as stream:
                stream.write(json.dumps(done[path.name]) + "\n")
            print(f"{number} of {len(paths)}: {path.name}", file=sys.stderr, flush=True)
    print_table([done[path.name] for path in paths], list(recognizers))


def print_table(measured: list[dict[str, Any]], networks: list[str]) -> None:
    """Errors of the joints, right answers of each network, and what the joints cost."""
    print(f"{len(measured)} recordings; error: median and 90th percentile")
    for key, name in (("own", "the reader's camera"), ("nominal", f"fx = {NOMINAL_FX}")):
        print(f"{name:<20} {summarize([line[key] for line in measured])}")
    print(f"{'right answers':<20} {'recorded':>9} {'estimated':>9}   changed")
    for network in networks:
        answers = [line["answers"][network] for line in measured]
        right = [
            sum(each[key] == line["action"] for each, line in zip(answers, measured, strict=True))
            for key in ("recorded", "estimated")
        ]
        changed = sum(each["recorded"] != each["estimated"] for each in answers)
        print(f"{network:<20} {right[0]:>9} {right[1]:>9} {changed:>9}")
    spent = sum(line["cpu_s"] for line in measured) / sum(line["frames"] for line in measured)
    print(f"{1000 * spent:.0f} ms a frame")


def measure(recording: Recording, recognizers: dict[str, Recognizer]) -> dict[str, Any]:
    """Joint errors of one recording, and the action each network sees with either joints."""
    start = time.process_time()
    found = estimate_skeleton(recording, "kinect_v1", people=1)
    spent = time.process_time() - start
    truth, camera = recording.skeleton, recording.camera
    assert truth is not None
    center = np.array((camera.cx, camera.cy))
    nominal_px = NOMINAL_FX * truth.joints_m[..., :2] / truth.joints_m[..., 2:] + center
    joints = {"recorded": recording, "estimated": replace(recording, skeleton=found)}
    return {
        "name": recording.name,
        "action": recording.labels.action,
        "frames": len(recording),
        "cpu_s": round(spent, 3),
        "own": compare(found, truth),
        "nominal": compare(
            through_nominal_lens(found, recording),
            replace(truth, joints_px=nominal_px.astype(np.float32)),
        ),
        "answers": {
            name: {
                kind: recognizer.recognize(each).predictions[0].action
                for kind, each in joints.items()
            }
            for name, recognizer in recognizers.items()
        },
    }


def through_nominal_lens(found: Skeleton, recording: Recording) -> Skeleton:
    """The same landmarks and depths, seen by a camera of the nominal focal length."""
    scale = np.array((recording.camera.fx, recording.camera.fy, NOMINAL_FX)) / NOMINAL_FX
    return replace(found, joints_m=(found.joints_m * scale).astype(np.float32))


def main() -> None:
    """Parse, run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(required=True)
    first = parts.add_parser("people", help="synthetic people")
    first.add_argument("--clean", type=Path, required=True, help="folder made with --clean")
    first.add_argument("--noisy", type=Path, required=True, help="the same people without")
    first.set_defaults(function=people)
    second = parts.add_parser("utd", help="UTD-MHAD")
    data = os.environ.get("SKELFLOW_DATA", "../shared/data")
    second.add_argument("--data", type=Path, default=Path(data) / "utd_mhad", help="its folder")
    second.add_argument(
        "--run", nargs="+", default=NETWORKS, help="networks: bundled ones, or runs (the bundled)"
    )
    second.add_argument("--count", type=int, default=108, help="recordings (108)")
    second.add_argument("--out", type=Path, default=Path("pose_utd.jsonl"), help="a line each")
    second.set_defaults(function=utd)
    options = parser.parse_args()
    options.function(options)


if __name__ == "__main__":
    main()
