"""Recording folders of one's own: no fixed joints and no fixed actions."""

from skelflow.datasets.catalog.data_set import DataSet
from skelflow.datasets.protocols import ODD_SUBJECTS, Protocol
from skelflow.recordings.folder import READER

_CROSS_VIEW = Protocol("cross-view", "camera", frozenset({2, 3}))  # as in NTU RGB+D

DATA_SET = DataSet("folder", READER, protocols=(ODD_SUBJECTS, _CROSS_VIEW))
