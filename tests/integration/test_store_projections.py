"""Projections follow the log from a checkpoint and can be derived anew at any time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from released.domain.events import Recorded, release_stream
from released.store.event_store import EventStore
from released.store.projections import Follower, Projector
from released.store.release_list import ListedRelease, ReleaseList, list_releases
from support.store import (
    ACTOR,
    AT,
    ENVIRONMENT,
    REFUSED,
    REQUESTED,
    SAMPLES,
    STREAM,
    sqlite_store,
    whole_release,
    write,
)

PATIENCE_S = 60.0
RELEASED = ListedRelease(
    environment="prod",
    ticket="1234",
    run=1,
    state="released",
    phase="verify",
    base_sha="a" * 40,
    merge_sha="b" * 40,
    services=("wiki",),
    started_by=ACTOR,
    started_at=AT,
    changed_at=AT,
    overrides=1,
    version=len(whole_release()),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    with sqlite_store(tmp_path / "released.db") as opened:
        yield opened


class Notes:
    """A follower that notes the positions it was handed, and can fail."""

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.failures = 0

    def handle(self, recorded: Sequence[Recorded]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no space left")
        self.positions += [event.position for event in recorded]


def test_a_release_is_listed_with_where_it_stands(store: EventStore) -> None:
    store.append([write(STREAM, 0, *whole_release())])
    Projector(store, [ReleaseList()]).catch_up()
    assert list_releases(store) == [RELEASED]


def test_a_release_that_is_followed_event_by_event_is_listed_the_same(store: EventStore) -> None:
    projector = Projector(store, [ReleaseList()])
    for version, event in enumerate(whole_release()):
        store.append([write(STREAM, version, event)])
        projector.catch_up()
    assert list_releases(store) == [RELEASED]


def test_a_new_projector_goes_on_in_the_middle_of_a_release(store: EventStore) -> None:
    events = whole_release()
    store.append([write(STREAM, 0, *events[:5])])
    Projector(store, [ReleaseList()]).catch_up()
    store.append([write(STREAM, 5, *events[5:])])
    Projector(store, [ReleaseList()]).catch_up()
    assert list_releases(store) == [RELEASED]


def test_events_that_are_handed_in_twice_change_nothing(store: EventStore) -> None:
    recorded = store.append([write(STREAM, 0, *whole_release())])
    releases = ReleaseList()
    for events in (recorded[:7], recorded[3:9], recorded[8:], recorded):
        store.project(partial(releases.apply, recorded=events))
    assert list_releases(store) == [RELEASED]


def test_a_ticket_that_was_only_refused_is_not_listed(store: EventStore) -> None:
    store.append([write(STREAM, 0, REFUSED)])
    Projector(store, [ReleaseList()]).catch_up()
    assert list_releases(store) == []


def test_the_list_is_narrowed_by_environment_state_and_number(store: EventStore) -> None:
    store.append([write(STREAM, 0, *whole_release())])
    for ticket in ("1", "2", "3"):
        store.append([write(release_stream("prod", ticket), 0, REQUESTED)])
    store.append([write(release_stream("staging", "4"), 0, REQUESTED)])
    Projector(store, [ReleaseList()]).catch_up()
    listed = list_releases(store, environment="prod", state="requested", limit=2)
    assert [release.ticket for release in listed] == ["1", "2"]


def test_rebuilding_gives_the_same_rows(store: EventStore) -> None:
    store.append([write(STREAM, 0, *whole_release()), write(ENVIRONMENT, 0, SAMPLES[1])])
    projector = Projector(store, [ReleaseList()])
    projector.catch_up()
    store.project(lambda connection: connection.exec_driver_sql("UPDATE releases SET state = 'wrong'").close())
    projector.rebuild()
    assert list_releases(store) == [RELEASED]


def test_who_reads_a_table_while_it_is_derived_anew_finds_it_whole(store: EventStore) -> None:
    store.append([write(STREAM, 0, *whole_release())])
    seen: list[list[ListedRelease]] = []

    class Watched(ReleaseList):
        def derive(self, environment: str, events: Sequence[Recorded]) -> dict[Table, list[Mapping[str, Any]]]:
            seen.append(list_releases(store))
            return super().derive(environment, events)

    projector = Projector(store, [Watched()])
    projector.catch_up()

    assert projector.rebuild()
    assert seen == [[RELEASED]]
    assert list_releases(store) == [RELEASED]


def test_only_the_projection_that_is_meant_is_derived_anew(store: EventStore) -> None:
    store.append([write(STREAM, 0, *whole_release())])
    notes = Notes()
    projector = Projector(store, [ReleaseList()], [Follower("notes", notes.handle)])
    projector.catch_up()
    noted = [*notes.positions]

    assert projector.rebuild([ReleaseList.name])
    assert notes.positions == noted
    assert projector.rebuild(["notes"])
    assert notes.positions == [*noted, *noted]
    assert not projector.rebuild(["moon"])


def test_a_started_projector_follows_each_commit(store: EventStore) -> None:
    notes = Notes()
    projector = Projector(store, [ReleaseList()], [Follower("notes", notes.handle)])
    projector.start()
    try:
        for version, event in enumerate(whole_release()):
            store.append([write(STREAM, version, event)])
        assert projector.wait_for(store.head(), PATIENCE_S)
    finally:
        projector.stop()
    assert (notes.positions, list_releases(store)) == (list(range(1, store.head() + 1)), [RELEASED])


def test_what_was_written_before_the_start_is_followed_too(store: EventStore) -> None:
    store.append([write(STREAM, 0, REFUSED)])
    projector = Projector(store, [ReleaseList()])
    projector.start()
    try:
        assert projector.wait_for(1, PATIENCE_S)
    finally:
        projector.stop()


def test_a_projector_can_be_stopped_twice_and_before_its_start(store: EventStore) -> None:
    projector = Projector(store, [ReleaseList()])
    projector.stop()
    projector.start()
    projector.stop()
    projector.stop()


def test_waiting_for_what_is_not_there_ends_with_its_time(store: EventStore) -> None:
    assert Projector(store, [ReleaseList()]).wait_for(1, 0.0) is False


def test_a_follower_goes_on_behind_its_checkpoint(store: EventStore) -> None:
    store.append([write(STREAM, 0, REFUSED, REFUSED)])
    Projector(store, [], [Follower("notes", Notes().handle)]).catch_up()
    store.append([write(STREAM, 2, REFUSED)])
    notes = Notes()
    Projector(store, [], [Follower("notes", notes.handle)]).catch_up()
    assert notes.positions == [3]


def test_a_follower_that_fails_does_not_hold_up_the_others(store: EventStore) -> None:
    store.append([write(STREAM, 0, *whole_release())])
    failing = Notes()
    failing.failures = 1
    assert Projector(store, [ReleaseList()], [Follower("notes", failing.handle)]).catch_up() is False
    assert list_releases(store) == [RELEASED]


def test_a_follower_that_failed_sees_the_same_events_again(store: EventStore) -> None:
    store.append([write(STREAM, 0, REFUSED, REFUSED)])
    notes = Notes()
    notes.failures = 1
    projector = Projector(store, [ReleaseList()], [Follower("notes", notes.handle)])
    projector.catch_up()
    projector.catch_up()
    assert notes.positions == [1, 2]


def test_a_follower_that_was_added_later_sees_everything(store: EventStore) -> None:
    store.append([write(STREAM, 0, REFUSED, REFUSED)])
    Projector(store, [ReleaseList()]).catch_up()
    notes = Notes()
    Projector(store, [ReleaseList()], [Follower("notes", notes.handle)]).catch_up()
    assert notes.positions == [1, 2]
