"""People: bodies, clothes, bones, and how somebody moves."""
