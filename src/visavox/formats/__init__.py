"""Files that hold timelines: one module a format, readers beside writers, chosen by the file's suffix."""

from visavox.formats.csv import read_table, write_table
from visavox.formats.registry import FORMATS, Format, read, write

__all__ = ["FORMATS", "Format", "read", "read_table", "write", "write_table"]
