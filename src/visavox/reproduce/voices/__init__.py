"""Voices across corpora: the table, the networks that it judges, what they heard, and the crowd beside them."""

from visavox.reproduce.voices.table import TITLE, rows

__all__ = ["TITLE", "rows"]
