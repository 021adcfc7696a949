"""How the reference reads our docstrings: examples are doctests, and Sphinx roles are plain names."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Docstrings(griffe.Extension):
    """Turns `Example:` into the section that is shown as code, and ``:data:`NAME` `` into `NAME`."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each function, class and attribute that was read."""
        if obj.docstring:
            text = re.sub(r"^(\s*)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = re.sub(r":(?:data|class|func|meth|mod|attr):`", "`", text)
