"""NTU RGB+D as pyskl and MMAction2 keep it: its protocols, its actions, skeletons alone."""

from skelflow.datasets.catalog.data_set import DataSet
from skelflow.datasets.catalog.ntu import DATA_SET as NTU
from skelflow.recordings.pyskl import READER

DATA_SET = DataSet(
    name="pyskl",
    reader=READER,
    layout=NTU.layout,
    protocols=NTU.protocols,
    action_names=NTU.action_names,
)
