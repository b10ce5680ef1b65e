"""Motions: actions planned as keyframes and trajectories, or retargeted from recordings."""
