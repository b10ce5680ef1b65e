"""Streams of images: tracks of a media file, and images of one stream for those of another."""
