"""skelflow.evaluation."""
