"""Recording folders of one's own: no fixed joints and no fixed actions."""

from skelflow.datasets.catalog.data_set import DataSet
from skelflow.recordings.folder import READER

DATA_SET = DataSet("folder", READER)
