"""Northwestern-UCLA Multiview Action 3D: 10 actions of 10 subjects seen from three views."""

from skelflow.datasets.catalog.data_set import DataSet, read_action_names
from skelflow.datasets.protocols import ODD_SUBJECTS, Protocol
from skelflow.recordings.nw_ucla import READER
from skelflow.skeleton.layouts import KINECT_V1

# Wang et al., CVPR 2014, section 6: the third view is recognized from the other two
_CROSS_VIEW = Protocol("cross-view", "camera", frozenset({1, 2}), published=(1020, 464))

DATA_SET = DataSet(
    name="nw_ucla",
    reader=READER,
    layout=KINECT_V1,
    protocols=(_CROSS_VIEW, ODD_SUBJECTS),
    action_names=read_action_names(__name__),
)
