"""Actions: each function plans a motion and returns its props."""
