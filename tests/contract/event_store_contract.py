"""What every event store must keep, whatever database it stands on.

A test module inherits from ``EventStoreContract`` and provides the fixture ``url``: an empty store that can be opened,
closed and opened again. One for the simulator keeps ``AppendContract`` only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection

from released.domain import events as ev
from released.domain.errors import IllegalEvent
from released.domain.ids import Ticket
from released.store import checkpoints
from released.store.errors import Conflict, DuplicateEvent, StaleEpoch, StoreStopped
from released.store.event_store import EventStore, Fence, StreamWrite
from released.store.sqlite import open_store
from support.store import ACTOR, AT, ENVIRONMENT, REFUSED, REQUESTED, STREAM, must_not_fail, new, whole_release, write

APPENDER = Path(__file__).parent.parent / "support" / "appending_process.py"
LOCK = ev.LockTaken(Ticket("1234"), 1)
FREE = ev.LockFreed(Ticket("1234"), 1)
PATIENCE_S = 60.0


class AppendContract:
    """What is appended is judged, stored and read. Inherit and provide the fixture ``store``: an empty store."""

    def test_the_version_of_a_stream_is_that_of_its_last_event(self, store: EventStore) -> None:
        store.append([write(ENVIRONMENT, 0, LOCK, FREE)])
        assert (store.version(ENVIRONMENT), store.version(STREAM)) == (2, 0)

    def test_versions_and_positions_have_no_gaps(self, store: EventStore) -> None:
        store.append([write(STREAM, 0, *whole_release())])
        store.append([write(ENVIRONMENT, 0, LOCK, FREE)])
        with pytest.raises(Conflict):
            store.append([write(ENVIRONMENT, 0, LOCK)])
        store.append([write(ENVIRONMENT, 2, LOCK)])
        count = len(whole_release())
        assert [event.position for event in store.read_all()] == list(range(1, count + 4))
        assert [event.version for event in store.read(STREAM)] == list(range(1, count + 1))
        assert [event.version for event in store.read(ENVIRONMENT)] == [1, 2, 3]

    def test_what_is_read_equals_what_was_appended(self, store: EventStore) -> None:
        event = new(REQUESTED)
        (recorded,) = store.append([StreamWrite(STREAM, 0, (event,))])
        assert recorded == ev.Recorded(1, STREAM, 1, event.event_id, AT, ACTOR, REQUESTED)
        assert store.read(STREAM) == store.read_all() == [store.find(event.event_id)] == [recorded]

    def test_a_read_begins_after_the_version_that_it_names(self, store: EventStore) -> None:
        recorded = store.append([write(STREAM, 0, *whole_release())])
        assert store.read(STREAM, after=3) == list(recorded[3:])

    def test_the_whole_log_is_read_in_pages_in_its_order(self, store: EventStore) -> None:
        first = store.append([write(STREAM, 0, REFUSED, REFUSED)])
        second = store.append([write(ENVIRONMENT, 0, LOCK)])
        third = store.append([write(STREAM, 2, REFUSED)])
        assert store.read_all(limit=2) == list(first)
        assert store.read_all(after=2, limit=2) == [*second, *third]

    def test_an_append_that_has_returned_is_in_the_head(self, store: EventStore) -> None:
        for version in range(20):
            store.append([write(STREAM, version, REFUSED)])
            assert store.head() == version + 1

    def test_an_unknown_event_is_not_found(self, store: EventStore) -> None:
        assert store.find("nobody") is None

    def test_streams_are_named_by_their_beginning(self, store: EventStore) -> None:
        store.append([write("release/a_b/1", 0, REFUSED), write("release/axb/1", 0, REFUSED)])
        store.append([write("release/a_b/0", 0, REFUSED)])
        assert store.streams("release/a_b/") == ["release/a_b/0", "release/a_b/1"]

    def test_a_conflict_names_the_expected_and_the_actual_version(self, store: EventStore) -> None:
        store.append([write(STREAM, 0, REFUSED, REFUSED)])
        with pytest.raises(Conflict) as caught:
            store.append([write(STREAM, 1, REFUSED)])
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == (STREAM, 1, 2)

    def test_an_append_to_two_streams_is_refused_as_a_whole(self, store: EventStore) -> None:
        with pytest.raises(Conflict):
            store.append([write(STREAM, 0, REQUESTED), write(ENVIRONMENT, 7, LOCK)])
        assert store.read_all() == []

    def test_an_append_to_two_streams_is_stored_as_a_whole(self, store: EventStore) -> None:
        recorded = store.append([write(STREAM, 0, REQUESTED), write(ENVIRONMENT, 0, LOCK)])
        assert [(event.stream, event.version, event.position) for event in recorded] == [
            (STREAM, 1, 1),
            (ENVIRONMENT, 1, 2),
        ]

    def test_an_event_id_is_stored_once(self, store: EventStore) -> None:
        store.append([StreamWrite(STREAM, 0, (new(REFUSED, "one"),))])
        with pytest.raises(DuplicateEvent) as caught:
            store.append([StreamWrite(STREAM, 1, (new(REFUSED, "two"), new(REFUSED, "one")))])
        assert caught.value.event_id == "one"
        assert store.find("two") is None

    def test_an_event_id_stands_once_in_an_append(self, store: EventStore) -> None:
        with pytest.raises(DuplicateEvent):
            store.append([StreamWrite(STREAM, 0, (new(REFUSED, "one"), new(REFUSED, "one")))])
        assert store.head() == 0

    def test_an_event_that_the_life_cycle_forbids_is_refused(self, store: EventStore) -> None:
        with pytest.raises(IllegalEvent):
            store.append([write(STREAM, 0, REQUESTED, ev.Released(1))])
        assert store.head() == 0

    def test_a_lease_is_recorded_with_a_growing_epoch(self, store: EventStore) -> None:
        fences = [_lease(store, "first"), _lease(store, "second")]
        assert fences == [Fence("prod", 1), Fence("prod", 2)]
        assert [event.event for event in store.read(ENVIRONMENT)] == [
            ev.LeaseTaken(1, "first", 4711, "5e0c", "0.1.0"),
            ev.LeaseTaken(2, "second", 4711, "5e0c", "0.1.0"),
        ]

    def test_an_append_with_the_newest_lease_is_stored(self, store: EventStore) -> None:
        fence = _lease(store, "first")
        assert store.append([write(STREAM, 0, REFUSED)], fence)

    def test_an_append_with_an_older_lease_is_refused(self, store: EventStore) -> None:
        stale = _lease(store, "first")
        _lease(store, "second")
        with pytest.raises(StaleEpoch) as caught:
            store.append([write(STREAM, 0, REFUSED)], stale)
        assert (caught.value.epoch, caught.value.newest) == (1, 2)
        assert store.read(STREAM) == []

    def test_leases_of_other_environments_do_not_matter(self, store: EventStore) -> None:
        fence = _lease(store, "first")
        store.take_lease("staging", "other", 1, "5e0c", "0.1.0", AT, ACTOR)
        assert store.append([write(STREAM, 0, REFUSED)], fence)


class EventStoreContract(AppendContract):
    """All that a store of the daemon keeps. Inherit and provide the fixture ``url``."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[EventStore]:
        """An open, empty store."""
        store = open_store(url, must_not_fail)
        yield store
        store.close()

    def test_the_life_cycle_is_known_again_after_reopening(self, url: str) -> None:
        _appended(url, write(ENVIRONMENT, 0, LOCK))
        with pytest.raises(IllegalEvent):
            _appended(url, write(ENVIRONMENT, 1, LOCK))

    def test_a_lease_outlives_the_store_that_gave_it(self, url: str, store: EventStore) -> None:
        stale = _lease(store, "first")
        store.close()
        again = open_store(url, must_not_fail)
        try:
            _lease(again, "second")
            with pytest.raises(StaleEpoch):
                again.append([write(STREAM, 0, REFUSED)], stale)
        finally:
            again.close()

    def test_eight_threads_that_retry_on_conflict_lose_nothing(self, store: EventStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            done = [pool.submit(_append_with_retries, store, 50) for _ in range(8)]
        written = {event_id for each in done for event_id in each.result()}
        stored = store.read(STREAM)
        assert {event.event_id for event in stored} == written
        assert [event.version for event in stored] == list(range(1, 401))

    def test_many_producers_of_their_own_streams_all_succeed(self, store: EventStore) -> None:
        with ThreadPoolExecutor(32) as pool:
            streams = [ev.release_stream("prod", str(number)) for number in range(200)]
            list(pool.map(lambda stream: store.append([write(stream, 0, REFUSED)]), streams))
        assert [event.position for event in store.read_all()] == list(range(1, 201))

    def test_who_waits_is_woken_by_a_commit(self, store: EventStore) -> None:
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.wait, 0, PATIENCE_S)
            store.append([write(STREAM, 0, REFUSED)])
            assert waiting.result() == 1

    def test_nobody_waits_for_what_is_there(self, store: EventStore) -> None:
        store.append([write(STREAM, 0, REFUSED)])
        assert store.wait(0, PATIENCE_S) == 1

    def test_a_wait_ends_with_its_time(self, store: EventStore) -> None:
        assert store.wait(0, 0.0) == 0

    def test_a_wait_ends_when_the_store_is_closed(self, store: EventStore) -> None:
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.wait, 0, PATIENCE_S)
            store.close()
            assert waiting.result() == 0

    def test_subscribers_hear_of_each_head_until_they_unsubscribe(self, store: EventStore) -> None:
        heard: list[int] = []
        second = threading.Event()
        ends = store.subscribe(lambda head: _hear(heard, head, second))
        store.append([write(STREAM, 0, REFUSED)])
        store.append([write(STREAM, 1, REFUSED)])
        assert second.wait(PATIENCE_S)
        ends()
        store.append([write(STREAM, 2, REFUSED)])
        store.close()
        assert heard == [1, 2]

    def test_what_a_subscriber_hears_of_can_be_read(self, store: EventStore) -> None:
        seen: list[int] = []
        done = threading.Event()
        store.subscribe(lambda head: _hear(seen, len(store.read_all()) - head, done, until=1))
        store.append([write(STREAM, 0, REFUSED)])
        assert done.wait(PATIENCE_S)
        assert seen == [0]

    def test_a_subscriber_that_fails_stops_nobody(self, store: EventStore) -> None:
        store.subscribe(_raise)
        store.append([write(STREAM, 0, REFUSED)])
        assert store.append([write(STREAM, 1, REFUSED)])

    def test_a_closed_store_takes_nothing(self, store: EventStore) -> None:
        store.close()
        with pytest.raises(StoreStopped):
            store.append([write(STREAM, 0, REFUSED)])

    def test_reopening_keeps_everything(self, url: str) -> None:
        recorded = _appended(url, write(STREAM, 0, *whole_release()))
        store = open_store(url, must_not_fail)
        try:
            assert store.head() == len(recorded)
            assert store.read(STREAM) == list(recorded)
        finally:
            store.close()

    def test_work_on_derived_tables_is_rolled_back_when_it_fails(self, store: EventStore) -> None:
        with pytest.raises(LookupError):
            store.project(_save_and_fail)
        assert store.query(lambda connection: checkpoints.load(connection, ["x"])) == {"x": 0}

    def test_every_acknowledged_event_survives_kill_9(self, url: str) -> None:
        acknowledged = _killed_appender(url)
        store = open_store(url, must_not_fail)
        try:
            assert [event_id for event_id in acknowledged if store.find(event_id) is None] == []
            assert len(acknowledged) >= 50
        finally:
            store.close()


def _lease(store: EventStore, holder: str) -> Fence:
    return store.take_lease("prod", holder, 4711, "5e0c", "0.1.0", AT, ACTOR)


def _appended(url: str, *writes: StreamWrite) -> tuple[ev.Recorded, ...]:
    store = open_store(url, must_not_fail)
    try:
        return store.append(writes)
    finally:
        store.close()


def _append_with_retries(store: EventStore, count: int) -> list[str]:
    return [_append_one(store, len(store.read(STREAM))) for _ in range(count)]


def _append_one(store: EventStore, version: int) -> str:
    event = new(REFUSED)
    while True:
        try:
            store.append([StreamWrite(STREAM, version, (event,))])
        except Conflict as conflict:
            version = conflict.actual
        else:
            return event.event_id


def _hear(heard: list[int], head: int, done: threading.Event, until: int = 2) -> None:
    heard.append(head)
    if len(heard) == until:
        done.set()


def _save_and_fail(connection: Connection) -> None:
    checkpoints.save(connection, ["x"], 1)
    raise LookupError


def _raise(_head: int) -> None:
    raise RuntimeError("a listener's mistake")


def _killed_appender(url: str) -> list[str]:
    """Let a process append, kill it after 50 acknowledgements, and list all that it acknowledged."""
    environment = {**os.environ, "PYTHONPATH": str(APPENDER.parent.parent)}
    command = [sys.executable, str(APPENDER), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(50)]
        process.kill()
        lines = [*acknowledged, *process.stdout.read().splitlines(keepends=True)]
    return [line.strip() for line in lines if line.endswith("\n")]
