"""NTU RGB+D and NTU RGB+D 120: Kinect v2 depth, color, infrared and skeletons."""

from skelflow.recordings.ntu.reader import READER

__all__ = ["READER"]
