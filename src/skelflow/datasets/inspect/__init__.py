"""What recordings there are, whether they open, and which cameras took them."""
