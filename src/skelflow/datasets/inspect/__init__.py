"""Inspect recordings: inventory, scan, description, protocols, calibration."""
