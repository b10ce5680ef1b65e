"""skelflow.viz."""
