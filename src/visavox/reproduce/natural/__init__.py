"""A natural recording: the table, what it reads, what stands beside it, and where `analyze`'s numbers were chosen."""

from visavox.reproduce.natural.table import TITLE, rows

__all__ = ["TITLE", "rows"]
