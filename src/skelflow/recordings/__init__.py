"""skelflow.recordings."""
