"""NTU RGB+D (Shahroudy et al., CVPR 2016) and NTU RGB+D 120 (Liu et al., TPAMI 2019)."""

from skelflow.datasets.catalog.data_set import DataSet, read_action_names
from skelflow.datasets.catalog.ntu.official import bad_samples, official_names
from skelflow.datasets.protocols import ODD_SUBJECTS, Protocol
from skelflow.recordings.ntu import READER
from skelflow.recordings.ntu.cameras import DEPTH_CAMERA
from skelflow.recordings.ntu.reader import FRAME_RATE_HZ
from skelflow.skeleton.layouts import KINECT_V2

_SUBJECTS = frozenset({1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38})
_SUBJECTS_120 = _SUBJECTS | frozenset(
    {45, 46, 47, 49, 50, *range(52, 60), 70, 74, 78, *range(80, 87), 89}
    | {*range(91, 96), 97, 98, 100, 103}
)
_FIRST_60, _ALL_120 = range(1, 61), range(1, 121)  # actions
_BAD, _BAD_120 = bad_samples("60"), bad_samples("120")

# Shahroudy et al. section 3.2 for the first two, Liu et al. section 3.3 for the two of 120 actions
_PROTOCOLS = (
    Protocol("cross-subject", "subject", _SUBJECTS, _FIRST_60, _BAD, (40_091, 16_487)),
    Protocol("cross-view", "camera", frozenset({2, 3}), _FIRST_60, _BAD, (37_646, 18_932)),
    Protocol("120-cross-subject", "subject", _SUBJECTS_120, _ALL_120, _BAD_120, (63_026, 50_919)),
    Protocol("120-cross-setup", "setup", range(2, 1000, 2), _ALL_120, _BAD_120, (54_468, 59_477)),
    ODD_SUBJECTS,
)

DATA_SET = DataSet(
    name="ntu",
    reader=READER,
    layout=KINECT_V2,
    protocols=_PROTOCOLS,
    action_names=read_action_names(__name__),
    focal_px=DEPTH_CAMERA.fx,
    frame_rate_hz=FRAME_RATE_HZ,
    published=official_names,
)
