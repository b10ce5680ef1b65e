"""What a benchmark prints and demands."""
