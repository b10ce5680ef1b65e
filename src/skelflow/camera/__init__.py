"""Cameras: projection, calibration from joints, registration of color to depth."""
