"""Synthetic RGB-D frames with exactly known flow, perfect or as a sensor would give them."""
