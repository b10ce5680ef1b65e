"""The solver three times: NumPy (the reference), numba (the fast one), torch (many pairs)."""
