"""Sight: what each pixel sees, how it looks, what sensor and tracker make of it, what is true."""
