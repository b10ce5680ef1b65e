"""Synthetic recordings: what to make, and their files."""
