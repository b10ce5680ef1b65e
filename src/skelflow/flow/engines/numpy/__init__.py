"""The solver in plain NumPy, to be read beside the paper: what the other engines must equal."""
