"""Reads several sources that block, each in a thread of its own, and gives what they have to a coroutine in batches.

The threads belong to one call and to no pool: a source that is silent for days keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

_AHEAD = 1000
"""How many items the sources may be ahead of who reads."""


class Gathering(Generic[T]):
    """Items of several sources, in the order in which they come."""

    def __init__(self, sources: Sequence[Iterator[T]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._items: queue.Queue[T] = queue.Queue(_AHEAD)
        self._reading = set(range(len(sources)))
        self._failure: Exception | None = None
        self._abandoned = False
        for number, source in enumerate(sources):
            threading.Thread(target=self._read, args=(number, source), name="source", daemon=True).start()

    async def batches(self) -> AsyncIterator[list[T]]:
        """Give what has come since the last batch, until every source has ended.

        Raises:
            Exception: whatever a source raised.
        """
        while self._reading or not self._items.empty():
            await self._news.wait()
            self._news.clear()
            if batch := self._taken():
                yield batch
            if self._failure is not None:
                raise self._failure

    def abandon(self) -> None:
        """Let the threads end at their next item; nothing is read any more."""
        self._abandoned = True
        self._taken()

    def _read(self, number: int, source: Iterator[T]) -> None:
        try:
            for item in source:
                if self._abandoned:
                    return
                self._items.put(item)
                self._announce()
        except Exception as error:  # noqa: BLE001 (it is raised where the items are read)
            self._failure = error
        finally:
            self._reading.discard(number)
            self._announce()

    def _announce(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody reads any more
            self._loop.call_soon_threadsafe(self._news.set)

    def _taken(self) -> list[T]:
        taken: list[T] = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self._items.get_nowait())
        return taken
