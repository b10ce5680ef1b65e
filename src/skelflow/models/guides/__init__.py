"""Skeleton networks, and the joints' informativeness score that they yield."""
