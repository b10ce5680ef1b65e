"""UTD-MHAD: 27 actions of 8 subjects, 861 recordings (Chen et al., ICIP 2015)."""

from skelflow.datasets.catalog.data_set import DataSet, read_action_names
from skelflow.datasets.protocols import ODD_SUBJECTS, Protocol
from skelflow.recordings.utd_mhad import CAMERA, FRAME_RATE_HZ, READER
from skelflow.skeleton.layouts import KINECT_V1

# swipes and circles go the other way in a mirror; 14 and 26 are of one side by definition
_MIRRORED = {1: 2, 2: 1, 9: 10, 10: 9, 14: None, 26: None}

DATA_SET = DataSet(
    name="utd_mhad",
    reader=READER,
    layout=KINECT_V1,
    protocols=(Protocol("cross-subject", "subject", frozenset({1, 3, 5, 7})), ODD_SUBJECTS),
    action_names=read_action_names(__name__),
    focal_px=CAMERA.fx,
    frame_rate_hz=FRAME_RATE_HZ,
    mirrored_actions=_MIRRORED,
)
