"""skelflow.flow."""
