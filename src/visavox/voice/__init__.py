"""Voices: where somebody speaks, what a network hears, and the words it finds in it."""
