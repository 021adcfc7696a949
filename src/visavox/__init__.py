"""visavox: a recording in, an emotion timeline out.

Example:
    >>> import visavox
    >>> visavox.WORDS
    ('neutral', 'happy', 'sad', 'angry', 'fearful', 'disgusted', 'surprised')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from visavox.analysis import analyze as analyze
    from visavox.baseline import Baseline as Baseline
    from visavox.clip import Clip as Clip
    from visavox.emotions import WORDS as WORDS
    from visavox.errors import VisavoxError as VisavoxError
    from visavox.evaluation import evaluate as evaluate
    from visavox.formats import read as read
    from visavox.formats import write as write
    from visavox.fusion import Fusion as Fusion
    from visavox.recognizer import Card as Card
    from visavox.recognizer import Recognizer as Recognizer
    from visavox.timeline import Segment as Segment
    from visavox.timeline import Timeline as Timeline
    from visavox.zoo import load as load

__version__ = "0.1.0"

_ROOMS = {
    "analyze": "analysis",
    "write": "formats",
    "read": "formats",
    "load": "zoo",
    "evaluate": "evaluation",
    "Timeline": "timeline",
    "Segment": "timeline",
    "Clip": "clip",
    "Recognizer": "recognizer",
    "Card": "recognizer",
    "Fusion": "fusion",
    "Baseline": "baseline",
    "VisavoxError": "errors",
    "WORDS": "emotions",
}
"""The front door: each name, and the room it is fetched from when somebody asks for it."""

__all__ = [
    "analyze",
    "write",
    "read",
    "load",
    "evaluate",
    "Timeline",
    "Segment",
    "Clip",
    "Recognizer",
    "Card",
    "Fusion",
    "Baseline",
    "VisavoxError",
    "WORDS",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'visavox' has no attribute {name!r}")
    value: object = getattr(import_module(f"visavox.{_ROOMS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
