"""MSR-Action3D: 20 actions of 10 subjects, 567 recordings (Li et al., CVPR Workshops 2010)."""

from skelflow.datasets.catalog.data_set import DataSet, read_action_names
from skelflow.datasets.protocols import ODD_SUBJECTS, Protocol
from skelflow.recordings.msr_action3d import READER
from skelflow.skeleton.layouts import KINECT_V1

_SUBJECTS = frozenset({1, 3, 5, 7, 9})
# Li et al., Table 1: AS1 and AS2 group alike movements, AS3 complex actions
_ACTION_SETS = {
    "as1": frozenset({2, 3, 5, 6, 10, 13, 18, 20}),
    "as2": frozenset({1, 4, 7, 8, 9, 11, 12, 14}),
    "as3": frozenset({6, 14, 15, 16, 17, 18, 19, 20}),
}

DATA_SET = DataSet(
    name="msr_action3d",
    reader=READER,
    layout=KINECT_V1,
    protocols=(
        Protocol("cross-subject", "subject", _SUBJECTS),
        *(
            Protocol(f"{name}-cross-subject", "subject", _SUBJECTS, actions)
            for name, actions in _ACTION_SETS.items()
        ),
        ODD_SUBJECTS,
    ),
    action_names=read_action_names(__name__),
)
