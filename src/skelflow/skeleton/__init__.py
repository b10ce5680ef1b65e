"""Skeletons: joint layouts, body tracks, arrays for the networks."""
