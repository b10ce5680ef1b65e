"""How well colors of 8 bits hold the flow: by the range they stand for, and by their companding.

The flow of a few pairs of each of some training recordings is computed as `skelflow prepare` would,
and encoded with ranges at several percentiles of the moving pixels' components. "saturated" is the
share of moving pixels beyond the range; "error" the mean distance in 3D of what is decoded from
what was encoded, over moving pixels, saturation included; "relative" that over the motion, median;
"spread" the standard deviation of the moving pixels' colors, of 127; "bits" their entropy.
"""

import argparse
from pathlib import Path

import numpy as np

from skelflow.datasets.prepare.config import PrepareConfig
from skelflow.datasets.prepare.preprocess import flow_frames, moving_components
from skelflow.datasets.prepare.sampling import sample_recordings
from skelflow.datasets.settings import MOVING_M, FlowSettings
from skelflow.datasets.windows import pair_times
from skelflow.flow.encoding import SPAN, ZERO, decode_flow, encode_flow
from skelflow.recordings import find_recordings, open_recording

PERCENTILES = (99.5, 99.0, 98.0, 95.0)
COMPANDING = (1.0, 0.7, 0.5, 0.4)
PAIRS = 6
SETTINGS = FlowSettings(
    window="person", size=(112, 112), region="clip", preset="silhouette", stride=2
)
EXAMPLE = "example: SKELFLOW_DATA/utd_mhad as the folder"


def sample_flow(folder: Path) -> np.ndarray:
    """Flow of evenly spaced pairs of 24 training recordings, (pairs, h, w, 3) meters."""
    config = PrepareConfig(flow=SETTINGS)
    found = []
    for path in sample_recordings(find_recordings(folder), folder, config).paths:
        recording = open_recording(path)
        times = pair_times(len(recording), SETTINGS.stride)
        picks = np.linspace(0, len(times) - 1, PAIRS + 2)[1:-1].astype(int)
        found.append(flow_frames(recording, SETTINGS, [times[i] for i in picks]))
    return np.concatenate(found)


def judge(flow_m: np.ndarray, range_m: float, companding: float) -> dict[str, float]:
    """The figures of one encoding, over the pixels that move."""
    length = np.linalg.norm(flow_m, axis=-1)
    moving = length > MOVING_M
    colored = encode_flow(flow_m, range_m, companding=companding)
    back = decode_flow(colored, range_m, companding=companding)
    error = np.linalg.norm(back - flow_m, axis=-1)[moving]
    shares = np.bincount(colored[moving].ravel(), minlength=256) / colored[moving].size
    shares = shares[shares > 0]
    return {
        "saturated %": 100 * float((np.abs(flow_m[moving]) > range_m).any(axis=-1).mean()),
        "error mm": 1000 * float(error.mean()),
        "relative %": 100 * float(np.median(error / length[moving])),
        f"spread of {SPAN}": float((colored[moving].astype(float) - ZERO).std()),
        "bits": float(-(shares * np.log2(shares)).sum()),
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("folder", type=Path, help="recordings of a data set")
    flow_m = sample_flow(parser.parse_args().folder)
    components = moving_components(flow_m)
    for percentile in PERCENTILES:
        range_m = round(float(np.percentile(components, percentile)), 3)
        for companding in COMPANDING:
            found = judge(flow_m, range_m, companding)
            figures = "  ".join(f"{name} {value:6.2f}" for name, value in found.items())
            print(f"{percentile:5} {1000 * range_m:4.0f} mm  companding {companding}  {figures}")


if __name__ == "__main__":
    main()
