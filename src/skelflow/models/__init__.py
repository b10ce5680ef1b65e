"""skelflow.models."""
