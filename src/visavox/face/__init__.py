"""Faces: found, meshed, followed, cut out, and read."""
