"""SQLite keeps the contract of event stores, and what simulations use instead keeps what they need of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.event_store_contract import AppendContract, EventStoreContract
from released.store.memory_store import MemoryStore


class TestSqliteEventStore(EventStoreContract):
    """Every rule of the contract, on a file."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """A database that does not exist yet."""
        return f"sqlite:///{tmp_path / 'released.db'}"


class TestMemoryStore(AppendContract):
    """What is appended, judged and read."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        """An empty store."""
        return MemoryStore()
