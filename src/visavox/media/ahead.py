"""An iterator that is worked off by a thread of its own, a few items ahead of whoever takes them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """Items of a generator, made by a thread while others are being used.

    Args:
        items: The generator; it is closed at the end, or when `close` is called.
        most: Items that are made ahead.
    """

    def __init__(self, items: Generator[Item, None, None], most: int = 8) -> None:
        self._items = items
        self._ready: queue.Queue[Item | _End] = queue.Queue(most)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="visavox-media", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while not isinstance(item := self._ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def close(self) -> None:
        """Stops the thread, and waits until it has let go of what it reads."""
        self._stopped.set()
        while self._thread.is_alive():
            while not self._ready.empty():
                self._ready.get_nowait()  # makes room for a thread that waits to hand something over
            self._thread.join(0.005)

    def _work(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                self._ready.put(item)
                if self._stopped.is_set():
                    break
        except BaseException as caught:  # raised again where the items are taken
            error = caught
        finally:
            self._items.close()
        if not self._stopped.is_set():
            self._ready.put(_End(error))


@dataclass(frozen=True)
class _End:
    """The last thing that a thread hands over: the error that ended it, if one did."""

    error: BaseException | None
