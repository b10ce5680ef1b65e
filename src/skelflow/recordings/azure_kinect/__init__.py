"""Azure Kinect and Femto recordings: the Matroska files that `k4arecorder` writes."""

from skelflow.recordings.azure_kinect.reader import READER

__all__ = ["READER"]
