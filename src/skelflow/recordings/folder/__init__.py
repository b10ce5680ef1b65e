"""Anybody's recording: a folder of 16-bit depth images, described by a `recording.toml`."""

from skelflow.recordings.folder.reader import EXPECTS, NAME, find, read, recognizes

__all__ = ["EXPECTS", "NAME", "find", "read", "recognizes"]
