"""Cameras fitted to joints: which sensor stood where, and the file that keeps them."""
