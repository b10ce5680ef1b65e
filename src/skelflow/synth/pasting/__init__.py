"""Recorded people before synthetic rooms that move."""
