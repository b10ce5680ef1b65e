"""Commands about networks: train, test, recognize, explain."""
