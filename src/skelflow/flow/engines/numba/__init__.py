"""The solver compiled for one CPU: rows of an image, several threads."""
