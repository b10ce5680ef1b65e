"""Pictures of what skelflow computes."""
