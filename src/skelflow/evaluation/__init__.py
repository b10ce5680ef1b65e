"""How good trained networks are, and what simple classifiers reach on the same recordings."""
