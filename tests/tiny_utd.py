"""A tiny data set in UTD-MHAD's own files: a person-sized box that moves its arm."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

FRAMES, HEIGHT, WIDTH, JOINTS = 7, 240, 320, 20


def write_recording(folder: Path, *, action: int, subject: int, trial: int = 1) -> Path:
    """One `.mat` pair; action 1 swings to the right, action 2 comes closer. Depth file's path."""
    for part in ("depth", "skeleton"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    name = f"a{action}_s{subject}_t{trial}"
    random = np.random.default_rng((action, subject, trial))
    depth = np.zeros((HEIGHT, WIDTH, FRAMES), np.uint16)
    joints = np.zeros((JOINTS, 3, FRAMES))
    for t in range(FRAMES):
        aside = 4 * t if action == 1 else 0
        closer = 60 * t if action == 2 else 0
        depth[60:200, 140:180, t] = 2500 + 4 * subject
        depth[90:130, 180 + aside : 210 + aside, t] = 2400 - closer
        joints[:, 0, t] = np.linspace(-0.3, 0.3, JOINTS) + 0.04 * (action == 1) * t
        joints[:, 1, t] = np.linspace(-0.4, 0.4, JOINTS)
        joints[:, 2, t] = 2.5 - 0.06 * (action == 2) * t
    joints += random.normal(0, 0.005, joints.shape)
    savemat(folder / "depth" / f"{name}_depth.mat", {"d_depth": depth})
    savemat(folder / "skeleton" / f"{name}_skeleton.mat", {"d_skel": joints})
    return folder / "depth" / f"{name}_depth.mat"


def write_data_set(folder: Path) -> Path:
    """Two actions of four subjects: 1 and 3 train, 2 and 4 test."""
    for action in (1, 2):
        for subject in (1, 2, 3, 4):
            write_recording(folder, action=action, subject=subject)
    return folder
