"""A database as the first version of the schema had it, with the events of a golden log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.store import schema
from released.store.connections import writer_engine
from released.store.tables import EVENTS
from support.golden import LOG_V1, read_log

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "0001"


def write_first_schema(path: Path) -> None:
    """Write it; the list of releases counts as derived up to the end of the log."""
    engine = writer_engine(path)
    with pytest.MonkeyPatch.context() as older:
        older.setattr(schema, "HEAD", FIRST)
        schema.bring_up_to_date(engine, path)
    with engine.begin() as connection:
        connection.execute(EVENTS.insert(), [row._asdict() for row in read_log(LOG_V1)])
        connection.exec_driver_sql("INSERT INTO checkpoints VALUES ('releases', 25)")
    engine.dispose()
