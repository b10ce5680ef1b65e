"""The studio: which recordings are made, and their files."""
