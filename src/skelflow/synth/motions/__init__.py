"""Acting: motions written as parts, played by people with things, or re-enacted."""
