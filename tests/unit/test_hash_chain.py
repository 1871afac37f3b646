"""An edited, dropped or moved event is found and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.domain.releases.release import fold
from released.store.event_row import EventRow, to_recorded
from released.store.hash_chain import verify
from released.store.tables import EVENTS
from support.golden import LOG_V1, LOG_V2, read_log
from support.store import STREAM

if TYPE_CHECKING:
    from pathlib import Path

LOG = read_log(LOG_V1)
MIDDLE = 5
"""The position of the event that the tests tamper with; it has others before and behind it in its stream."""
EDITS = {
    "position": 99,
    "stream": "release/prod/9999",
    "version": 99,
    "event_id": "other",
    "type": "phase_completed",
    "schema_version": 2,
    "at": "2026-05-18T15:30:12.123457Z",
    "actor": '{"login_uid":null,"name":"eve","uid":0}',
    "payload_digest": "0" * 64,
    "payload": "{}",
    "stream_hash": "0" * 64,
    "log_hash": "0" * 64,
}


@pytest.mark.parametrize("log", [LOG_V1, LOG_V2], ids=["version 1", "version 2"])
def test_the_log_that_a_version_wrote_holds(log: Path) -> None:
    assert verify(read_log(log)) is None


def test_the_log_that_version_1_wrote_folds_to_a_released_release() -> None:
    state = fold(to_recorded(row) for row in LOG if row.stream == STREAM)
    assert (state.status, state.run, state.steps["ticket-step"].attempt) == ("released", 1, 2)


def test_the_log_that_version_2_wrote_folds_to_a_release_that_was_taken_back() -> None:
    state = fold(to_recorded(row) for row in read_log(LOG_V2) if row.stream == STREAM)
    assert (state.status, state.head, state.steps["revert.wiki.restore"].attempt) == ("reverted", "d" * 40, 2)


def test_an_empty_log_holds() -> None:
    assert verify([]) is None


def test_a_row_has_the_columns_of_the_table_in_their_order() -> None:
    assert list(EventRow._fields) == list(EVENTS.c.keys())


def test_every_column_is_tampered_with() -> None:
    assert tuple(EDITS) == EventRow._fields


@pytest.mark.parametrize("column", EDITS)
def test_an_edited_column_is_found(column: str) -> None:
    edited = LOG[MIDDLE - 1]._replace(**{column: EDITS[column]})  # type: ignore[arg-type]
    assert verify([*LOG[: MIDDLE - 1], edited, *LOG[MIDDLE:]]) == MIDDLE


def test_a_dropped_event_is_found() -> None:
    assert verify([*LOG[: MIDDLE - 1], *LOG[MIDDLE:]]) == MIDDLE


def test_two_exchanged_events_are_found() -> None:
    exchanged = [*LOG[: MIDDLE - 1], LOG[MIDDLE], LOG[MIDDLE - 1], *LOG[MIDDLE + 1 :]]
    assert verify(exchanged) == MIDDLE


def test_a_payload_edited_together_with_its_digest_is_found() -> None:
    other = LOG[MIDDLE]
    edited = LOG[MIDDLE - 1]._replace(payload=other.payload, payload_digest=other.payload_digest)
    assert verify([*LOG[: MIDDLE - 1], edited, *LOG[MIDDLE:]]) == MIDDLE


def test_a_shredded_payload_leaves_the_chain_whole() -> None:
    shredded = LOG[MIDDLE - 1]._replace(payload=None)
    assert verify([*LOG[: MIDDLE - 1], shredded, *LOG[MIDDLE:]]) is None
