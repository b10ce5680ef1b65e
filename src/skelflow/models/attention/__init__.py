"""Attention of the skeleton on flow features."""
