"""The methods that take turns: ours and their peers."""
