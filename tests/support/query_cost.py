"""What an answer costs the database, counted and not timed: the work of SQLite's virtual machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from released.store.connections import driver

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from released.store.event_store import EventStore

T = TypeVar("T")
_UNIT = 100
"""How many instructions are counted as one."""


class Meter:
    """Counts the instructions of all queries of a store from here on."""

    def __init__(self, store: EventStore) -> None:
        self.hundreds = 0
        self._query = store.query
        store.query = self._metered  # type: ignore[method-assign] # only in this test

    def cost(self, ask: Callable[[], object]) -> int:
        """Ask, and give how many hundreds of instructions that took."""
        before = self.hundreds
        ask()
        return self.hundreds - before

    def _metered(self, work: Callable[[Connection], T]) -> T:
        def counted(connection: Connection) -> T:
            driver(connection).set_progress_handler(self._count, _UNIT)
            try:
                return work(connection)
            finally:
                driver(connection).set_progress_handler(None, _UNIT)

        return self._query(counted)

    def _count(self) -> int:
        self.hundreds += 1
        return 0
