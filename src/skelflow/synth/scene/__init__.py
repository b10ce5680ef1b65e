"""Staging: rooms, things, paints, who stands where, and the cameras."""
