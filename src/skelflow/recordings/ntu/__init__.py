"""NTU RGB+D and NTU RGB+D 120: Kinect v2 depth, color, infrared and skeletons."""

from skelflow.recordings.ntu.reader import EXPECTS, NAME, find, read, recognizes

__all__ = ["EXPECTS", "NAME", "find", "read", "recognizes"]
