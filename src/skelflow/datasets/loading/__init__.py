"""Clips and skeletons of a store as torch data sets."""
