"""Scenes with exactly known flow, and how well an estimate fits."""
