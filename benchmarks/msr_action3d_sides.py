"""Which joints of MSR-Action3D are the right ones, where its pixels come from, how fast it is.

python -m benchmarks.msr_action3d_sides MSR_ACTION3D

Ticks are drawn from left to right, whoever draws them: where people face the sensor and the long
stroke goes towards +x, +x is their right. Then: which hand moves more in actions of one arm, which
ankle in kicks. The camera is fitted where the files of pixels (`_skeleton.txt`) are there as well.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from skelflow.recordings import find_recordings, open_recording
from skelflow.skeleton.layouts import KINECT_V1

ONE_ARM, TICK, KICKS, JOGGING = range(1, 10), 8, (14, 15), 16
FEWEST_FRAMES = 5  # with all joints
Joints = np.ndarray  # (frames, 20, 3); meters, y down


def track(joints_m: Joints, name: str, *, seen_from: str) -> np.ndarray:
    """The way of one joint, seen from another: (frames, 3)."""
    way = KINECT_V1.joints.index(name), KINECT_V1.joints.index(seen_from)
    return np.asarray(joints_m[:, way[0]] - joints_m[:, way[1]])


def right_moves_more(joints_m: Joints, part: str, *, seen_from: str) -> bool:
    """Whether the right hand or ankle goes a longer way than the left one."""
    left, right = (
        np.abs(np.diff(track(joints_m, f"{side}_{part}", seen_from=seen_from), axis=0)).sum()
        for side in ("left", "right")
    )
    return bool(right > left)


def faces_sensor(joints_m: Joints) -> bool:
    """Whether feet are nearer to the sensor than ankles, in the median."""
    ways = [
        track(joints_m, f"{side}_foot", seen_from=f"{side}_ankle") for side in ("left", "right")
    ]
    return bool(np.median(np.stack(ways)[..., 2]) < 0)


def tick_rises_to_positive_x(joints_m: Joints) -> bool:
    """Whether the long stroke of a tick, up from its lowest point, goes towards +x."""
    hand = track(joints_m, "right_hand", seen_from="shoulder_center")
    kernel = np.ones(3) / 3
    x, up = np.convolve(hand[:, 0], kernel, "valid"), -np.convolve(hand[:, 1], kernel, "valid")
    strokes = []
    for low in range(2, len(up) - 2):
        if up[low] > up[max(0, low - 4) : low + 5].min():
            continue
        before, after = up[max(0, low - 24) : low], up[low + 1 : low + 25]
        end = low + 1 + int(after.argmax())
        strokes.append((min(before.max(), after.max()) - up[low], x[end] - x[low]))
    return bool(max(strokes)[1] > 0)


def stride_frames(joints_m: Joints) -> float:
    """The period of one ankle's height above the other's, in frames."""
    height = track(joints_m, "left_ankle", seen_from="right_ankle")[:, 1]
    steps = np.arange(len(height))
    height = height - np.polyval(np.polyfit(steps, height, 1), steps)
    power = np.abs(np.fft.rfft(height * np.hanning(len(height)), 4096)) ** 2
    rate = np.fft.rfftfreq(4096)
    return float(1 / rate[np.where(rate > 1.5 / len(height), power, 0).argmax()])


def pixel_pairs(folder: Path, names: Iterable[str]) -> Iterator[np.ndarray]:
    """Of some recordings, x / z, y / z, u and v of each joint that is in the image."""
    files = {each.name: each for each in folder.rglob("*.txt")}
    for name in names:
        space, pixels = (files.get(f"{name}_{kind}.txt") for kind in ("skeleton3D", "skeleton"))
        if space is not None and pixels is not None:
            xyz, uv = np.loadtxt(space)[:, :3], np.loadtxt(pixels)[:, :2]
            if len(xyz) != len(uv):  # a13_s09_e03
                continue
            seen = (xyz[:, 2] > 0) & (uv > 0).all(axis=1) & (uv < 640).all(axis=1)
            yield np.column_stack((xyz[seen, :2] / xyz[seen, 2:], uv[seen]))


def count(title: str, found: list[bool]) -> None:
    """Print how many of some recordings."""
    print(f"{title:52} {sum(found):4} of {len(found)}", flush=True)


def main() -> None:
    """Print one line a question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    recordings = [open_recording(path) for path in find_recordings(folder)]
    whole = {}
    for one in recordings:
        joints_m = one.skeleton.joints_m[:, 0] if one.skeleton else np.zeros((0, 20, 3))
        there = joints_m[np.isfinite(joints_m).all(axis=(1, 2))]
        if len(there) >= FEWEST_FRAMES:
            whole[one.name] = (one.labels.action, there)

    def ask(actions: Iterable[int], answer: Callable[[Joints], bool]) -> list[bool]:
        return [answer(joints_m) for action, joints_m in whole.values() if action in actions]

    count("one arm: feet are nearer than ankles", ask(ONE_ARM, faces_sensor))
    count("ticks: the long stroke goes towards +x", ask([TICK], tick_rises_to_positive_x))
    hands = ask(ONE_ARM, lambda j: right_moves_more(j, "hand", seen_from="shoulder_center"))
    count("one arm: the right hand moves more", hands)
    ankles = ask(KICKS, lambda j: right_moves_more(j, "ankle", seen_from="hip_center"))
    count("kicks: the right ankle moves more", ankles)
    strides = [stride_frames(joints_m) for action, joints_m in whole.values() if action == JOGGING]
    print(f"jogging: {np.median(strides):.1f} frames a stride in the median of {len(strides)}")
    pairs = list(pixel_pairs(folder, whole))
    if pairs:
        points = np.concatenate(pairs)
        for axis, name in enumerate("uv"):
            rays = points[:, axis] * (1 - 2 * axis)  # y is up in space, v down
            focal, center = np.polyfit(rays, points[:, 2 + axis], 1)
            off = np.abs(focal * rays + center - points[:, 2 + axis])
            print(f"{name}: focal length {focal:.2f}, center {center:.2f}, at most {off.max():.2f}")


if __name__ == "__main__":
    main()
