"""At any moment of a log the tables of history tell what folding the log up to that moment tells."""

from __future__ import annotations

import datetime as dt
from itertools import zip_longest
from typing import TYPE_CHECKING

import msgspec
import pytest

from released.domain import events as ev
from released.domain.forensics.moment import until
from released.domain.releases import release
from released.engine.past import Past
from released.store.event_store import NewEvent, StreamWrite
from released.store.history import History
from released.store.projections import Projector
from support.given_when_then import plan, recorded, whole_run
from support.store import ACTOR, AT, release_that_was_taken_back, sqlite_store, whole_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.domain.releases.plan import ReleasePlan
    from released.domain.releases.release import ReleaseState
    from released.store.event_store import EventStore

TICKETS = ("1234", "1235", "1236")


@pytest.fixture(scope="module", name="store")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    """Give a store in which three releases take turns, an event a second; one of them is taken back."""
    with sqlite_store(tmp_path_factory.mktemp("history") / "released.db") as opened:
        fill(opened)
        Projector(opened, [History()]).catch_up()
        yield opened


def fill(store: EventStore) -> None:
    """Append the events of three releases in turn."""
    histories = [whole_release(), release_that_was_taken_back(), whole_release()[:-4]]
    versions = dict.fromkeys(TICKETS, 0)
    second = 0
    for events in zip_longest(*histories):
        for ticket, event in zip(TICKETS, events, strict=True):
            if event is not None:
                new = NewEvent(
                    f"{ticket}:{versions[ticket]}", AT + dt.timedelta(seconds=second), ACTOR, of(ticket, event)
                )
                store.append([StreamWrite(ev.release_stream("prod", ticket), versions[ticket], (new,))])
                versions[ticket] += 1
                second += 1


def of(ticket: str, event: ev.Event) -> ev.Event:
    """Make an event one of this ticket."""
    if isinstance(event, ev.RunRequested):
        return msgspec.structs.replace(event, plan=msgspec.structs.replace(event.plan, ticket=ticket))
    return event


def folded(store: EventStore, at: dt.datetime) -> list[ReleaseState]:
    """Fold each ticket's record up to a moment, the one that changed last first."""
    states = [release.fold(until(store.read(ev.release_stream("prod", ticket)), at)) for ticket in TICKETS]
    return [state for state in states if state.run]


def moments(store: EventStore) -> list[dt.datetime]:
    """List the times of all events."""
    return [recorded.at for recorded in store.read_all(0, 10_000)]


def test_the_list_of_any_moment_is_what_folding_up_to_it_gives(store: EventStore) -> None:
    past = Past(store, "prod")
    wrong = [
        at
        for at in moments(store)
        if {(one.ticket, one.status, one.phase) for one in past.releases(at, 10)}
        != {(one.ticket, one.status, one.phase) for one in folded(store, at)}
    ]
    assert wrong == []


def test_a_state_is_looked_for_among_those_of_the_moment(store: EventStore) -> None:
    past = Past(store, "prod")
    wrong = [
        at
        for at in moments(store)
        if {one.ticket for one in past.releases(at, 10, "halted")}
        != {one.ticket for one in folded(store, at) if one.status == "halted"}
    ]
    assert wrong == []


def test_the_one_that_changed_last_comes_first_and_the_limit_holds(store: EventStore) -> None:
    past, at = Past(store, "prod"), moments(store)[-1]
    everything = past.releases(at, 10)
    assert past.releases(at, 1) == everything[:1]
    assert everything[0].status == "reverted"


def test_before_the_first_event_there_was_nothing(store: EventStore) -> None:
    past, before = Past(store, "prod"), AT - dt.timedelta(seconds=1)
    assert (past.releases(before, 10), past.placed(before)) == ([], [])


def test_a_log_that_is_followed_page_by_page_by_ever_new_projections_leaves_the_same_tables(
    tmp_path: Path, store: EventStore
) -> None:
    with sqlite_store(tmp_path / "released.db") as other:
        for number, recorded in enumerate(store.read_all(0, 10_000)):
            new = NewEvent(recorded.event_id, recorded.at, recorded.actor, recorded.event)
            other.append([StreamWrite(recorded.stream, recorded.version - 1, (new,))])
            if number % 9 == 0:
                Projector(other, [History()]).catch_up()
        Projector(other, [History()]).catch_up()
        assert tables(other) == tables(store)


def test_where_the_clock_went_back_the_later_release_counts(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "released.db") as store:
        for ticket, begin in (("1234", AT + dt.timedelta(hours=1)), ("1235", AT)):
            run = recorded(*whole_run(plan_of(ticket)), begin=begin)
            new = tuple(NewEvent(f"{ticket}:{one.version}", one.at, ACTOR, one.event) for one in run)
            store.append([StreamWrite(ev.release_stream("prod", ticket), 0, new)])
        Projector(store, [History()]).catch_up()
        past = Past(store, "prod")

        stood = [past.placed(AT + dt.timedelta(minutes=minutes)) for minutes in (30, 90)]

    assert [one.ticket for found in stood for one in found] == ["1235", "1235"]


def plan_of(ticket: str) -> ReleasePlan:
    """Make a plan of this ticket."""
    return msgspec.structs.replace(plan(), ticket=ticket)


def tables(store: EventStore) -> dict[str, list[tuple[object, ...]]]:
    """Read every table of history."""
    return store.query(
        lambda connection: {
            table.name: sorted(tuple(row) for row in connection.execute(table.select())) for table in History.tables
        }
    )
