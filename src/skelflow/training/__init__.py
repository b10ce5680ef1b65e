"""From a configuration and prepared sequences to weights."""
