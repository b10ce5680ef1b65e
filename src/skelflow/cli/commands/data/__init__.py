"""Commands about recordings, stores and scene flow."""
