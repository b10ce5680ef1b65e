"""Rendering: rasterization, shading, sensor model, body tracker, ground-truth flow."""
