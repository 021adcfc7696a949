"""Faces across corpora: the table, and the sources that it joins."""

from visavox.reproduce.faces.table import TITLE, rows

__all__ = ["TITLE", "rows"]
