"""Scenes: rooms, objects, textures, pedestrians and cameras."""
