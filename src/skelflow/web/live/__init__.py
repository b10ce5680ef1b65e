"""Answers while frames come, on the page: a recording is replayed at its own rate."""
