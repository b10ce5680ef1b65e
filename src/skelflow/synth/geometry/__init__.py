"""Planes and spheres with known motion, ray by ray: what scene flow is measured on."""
