"""Which focal length puts UTD-MHAD's joints onto its depth: training subjects 1, 3, 5 and 7.

python -m benchmarks.utd_mhad_camera UTD_MHAD

Of each subject's recordings, every twelfth frame of every fourth: the share of the joints whose
pixel has a depth within 0.2 m of their own, for each focal length, the center in the middle.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skelflow.recordings.utd_mhad import CAMERA, read

FOCAL_PX = np.arange(245, 300, 5.0)
NEAR_M = 0.2
Frame = tuple[np.ndarray, np.ndarray]  # depth, joints; meters


def frames_of(folder: Path, subject: int) -> list[Frame]:
    """Depth and joints of some frames."""
    files = sorted(folder.rglob(f"a*_s{subject}_t[12]_depth.mat"))[::4]
    frames = []
    for recording in map(read, files):
        skeleton = recording.skeleton
        assert skeleton is not None
        frames += [
            (recording.depth[t], skeleton.joints_m[t, 0]) for t in range(0, len(recording), 12)
        ]
    return frames


def share_near(frames: Sequence[Frame], focal_px: float) -> float:
    """Share of the joints that lie on depth like their own."""
    hits = []
    for depth_m, joints_m in frames:
        x, y = np.rint(
            focal_px * joints_m[:, :2] / joints_m[:, 2:] + (CAMERA.cx, CAMERA.cy)
        ).T.astype(int)
        seen = (x >= 0) & (x < CAMERA.width) & (y >= 0) & (y < CAMERA.height)
        there = depth_m[y.clip(0, CAMERA.height - 1), x.clip(0, CAMERA.width - 1)]
        hits.append(seen & (there > 0) & (np.abs(there - joints_m[:, 2]) < NEAR_M))
    return float(np.mean(hits))


def main() -> None:
    """Print one line a subject."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print("subject  " + "".join(f"{focal_px:7g}" for focal_px in FOCAL_PX))
    for subject in (1, 3, 5, 7):
        frames = frames_of(folder, subject)
        shares = [share_near(frames, focal_px) for focal_px in FOCAL_PX]
        row = "".join(f"{100 * share:6.1f}%" for share in shares)
        print(f"{subject:7d}  {row}   {len(frames)} frames", flush=True)


if __name__ == "__main__":
    main()
