"""Data sets: known ones, preparation into a store, loading, inspection, flow files."""
