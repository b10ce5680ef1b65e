"""Anybody's recording: a folder of 16-bit depth images, described by a `recording.toml`."""

from skelflow.recordings.folder.reader import READER

__all__ = ["READER"]
