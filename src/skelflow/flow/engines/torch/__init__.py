"""The solver on torch tensors: many pairs at once, on any device."""
