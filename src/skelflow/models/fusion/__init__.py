"""Flow and skeleton together: a guide steers C3D, and both may be fused."""
