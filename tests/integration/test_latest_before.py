"""What a failure is compared with lies before it, however much came since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.store.history import History
from released.store.history_queries import Before, tickets_of_service, tickets_refused, tickets_run, tickets_that_failed
from released.store.projections import Projector
from released.store.release_list import ReleaseList
from support.store import REFUSED, sqlite_store, write
from support.years import CODES, NAME, SERVICES, Years

if TYPE_CHECKING:
    from collections.abc import Iterator

    from released.store.event_store import EventStore

LIMIT = 5


@pytest.fixture(scope="module", name="lived")
def _lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EventStore, Years]]:
    with sqlite_store(tmp_path_factory.mktemp("years") / "released.db") as store:
        years = Years()
        years.fill(store, 5_000)
        store.append([write(ev.release_stream(NAME, "9999"), 0, REFUSED)])
        Projector(store, [ReleaseList(), History()]).catch_up()
        yield store, years


def history(store: EventStore, ticket: str) -> list[ev.Recorded]:
    return store.read(ev.release_stream(NAME, ticket))


def test_the_tickets_before_a_moment_are_those_that_began_last_by_then(lived: tuple[EventStore, Years]) -> None:
    store, years = lived
    middle = len(years.tickets) // 2
    began = history(store, years.tickets[middle])[0].at

    found = tickets_run(store, Before(NAME, began, LIMIT))

    assert found == years.tickets[middle - LIMIT : middle][::-1]


def test_those_of_a_service_and_those_that_failed_alike_lie_before_it_too(lived: tuple[EventStore, Years]) -> None:
    store, years = lived
    middle = len(years.tickets) // 2
    before = Before(NAME, history(store, years.tickets[middle])[0].at, LIMIT)
    plans = {ticket: _services(history(store, ticket)) for ticket in years.tickets[:middle]}
    failed = [ticket for ticket in plans if _failed(history(store, ticket), CODES[0])]
    brought = [ticket for ticket, services in plans.items() if SERVICES[3] in services]

    assert tickets_of_service(store, before, SERVICES[3]) == brought[-LIMIT:][::-1]
    assert tickets_that_failed(store, before, CODES[0]) == failed[-LIMIT:][::-1]


def test_tickets_that_were_only_refused_are_found(lived: tuple[EventStore, Years]) -> None:
    store, _ = lived
    (refused,) = history(store, "9999")
    assert tickets_refused(store, Before(NAME, refused.at.replace(year=2099), LIMIT)) == ["9999"]


def _services(events: list[ev.Recorded]) -> list[str]:
    event = events[0].event
    return [service.name for service in event.plan.services] if isinstance(event, ev.RunRequested) else []


def _failed(events: list[ev.Recorded], code: str) -> bool:
    return any(isinstance(one.event, ev.Halted) and one.event.failure.code == code for one in events)
