"""skelflow.datasets."""
