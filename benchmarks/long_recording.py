"""Memory and time of predicting recordings of more and more frames: what grows with the length.

python -m benchmarks.long_recording --frames 500 1000 2000
python -m benchmarks.long_recording --frames 1000 3000 10000 --reduced 4

Each recording is a folder of 512x424 depth images (or so many times fewer each way) and joints, the
same hundred frames again and again; each is named in a process of its own by the bundled weights.
Times are ratios to the first length's seconds a frame.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

SIZE = 512, 424
DIFFERENT = 100  # frames
CAMERA = "[camera]\nfx = {0}\nfy = {0}\ncx = {1}\ncy = {2}\n"
SETTINGS = f"[recording]\nframe_rate_hz = 30\ndepth_scale = 0.001\n{CAMERA}"
SKELETON = '[skeleton]\nlayout = "kinect_v2"\n'


def depth_mm(t: int) -> np.ndarray:
    """A bumpy body that swings, before a wall."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    swing = 30 * np.sin(2 * np.pi * t / DIFFERENT)
    body = (np.abs(x - 256 - swing) < 40) & (np.abs(y - 212) < 130)
    bumps = 40 * np.sin(x / 9) * np.cos(y / 11)
    return np.where(body, 2000 + bumps, 3500).astype(np.uint16)


def write_recording(folder: Path, frames: int, reduced: int) -> None:
    """The folder; repeated images are links to the first."""
    (folder / "depth").mkdir(parents=True)
    center = [edge / reduced / 2 - 0.5 for edge in SIZE]
    settings = SETTINGS.format(365 / reduced, *center)
    (folder / "recording.toml").write_text(settings + SKELETON)
    lines = ["frame,body,joint,x_m,y_m,z_m"]
    for t in range(frames):
        path = folder / "depth" / f"{t:06d}.png"
        if t < DIFFERENT:
            cv2.imwrite(str(path), depth_mm(t)[::reduced, ::reduced])
        else:
            os.link(folder / "depth" / f"{t % DIFFERENT:06d}.png", path)
        swing = 30 / 365 * 2 * np.sin(2 * np.pi * t / DIFFERENT)
        for joint in range(25):
            x, y = swing + 0.01 * (joint % 5 - 2), 0.05 * (joint // 5 - 2)
            lines.append(f"{t},0,{joint},{x:.4f},{y:.4f},2.0")
    (folder / "skeleton.csv").write_text("\n".join(lines) + "\n")


def measure(frames: int, reduced: int) -> tuple[float, float]:
    """Processor seconds and peak memory, MB, of `skelflow predict` on so many frames."""
    with tempfile.TemporaryDirectory() as place:
        write_recording(Path(place) / "long", frames, reduced)
        command = ["-m", "benchmarks.long_recording", "--predict", f"{place}/long"]
        done = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, check=True
        )
    seconds, megabytes = map(float, done.stdout.split()[-2:])
    return seconds, megabytes


def predict(folder: str) -> None:
    """Name one recording, and print what that took."""
    from skelflow import Recognizer

    Recognizer.load("synthetic-8").recognize(folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main() -> None:
    """Print one line a length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--reduced", type=int, default=1)
    parser.add_argument("--predict")
    given = parser.parse_args()
    if given.predict:
        predict(given.predict)
        return
    measure(DIFFERENT, given.reduced)  # kernels are compiled
    before: tuple[int, float, float] | None = None
    for frames in given.frames:
        seconds, megabytes = measure(frames, given.reduced)
        share_ms = seconds / frames * 1e3
        line = f"{frames:7d} frames  {share_ms:7.1f} ms of CPU a frame  {megabytes:7.0f} MB"
        if before:
            grown = (megabytes - before[2]) / (frames - before[0]) * 1000
            line += f"  {grown:+.0f} MB a thousand frames"
        print(line, flush=True)
        before = frames, seconds, megabytes


if __name__ == "__main__":
    main()
