"""The SQLite store keeps the contract of event stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.event_store_contract import EventStoreContract


class TestSqliteEventStore(EventStoreContract):
    """Every rule of the contract, on a file."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """A database that does not exist yet."""
        return f"sqlite:///{tmp_path / 'released.db'}"
