"""Atomic files and folders, worker processes, plugins."""
