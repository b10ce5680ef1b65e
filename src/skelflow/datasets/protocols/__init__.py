"""Who trains and who tests, and what the actions are called."""
