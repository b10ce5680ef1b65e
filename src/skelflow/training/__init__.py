"""skelflow.training."""
