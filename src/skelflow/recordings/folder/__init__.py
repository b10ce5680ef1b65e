"""Recordings of one's own: a folder of 16-bit depth images with a `recording.toml`."""

from skelflow.recordings.folder.reader import READER

__all__ = ["READER"]
