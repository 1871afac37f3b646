"""What an answer costs goes by its own size, not by that of the record: counted on records of different length."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.environments import environment
from released.domain.forensics.comparison import compare
from released.domain.forensics.moment import until
from released.domain.ids import Ticket
from released.engine import questions
from released.engine.past import Past
from released.engine.questions import Questions
from released.store.history import History
from released.store.history_queries import Before, RunFilter, tickets_of_service, tickets_run, tickets_that_failed
from released.store.projections import Projector
from released.store.release_list import ReleaseList, list_releases
from support.query_cost import Meter
from support.store import sqlite_store
from support.years import CODES, NAME, PEOPLE, SERVICES, Years

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from released.store.event_store import EventStore

SMALL, LARGE = 8_000, 80_000
LIMIT = 3
"""How long an answer is: in both records there is more."""
COMPARED = 10
"""With how many earlier times a step is compared here: in both records each step was taken more often than that."""


class Asked:
    """A record, and the questions to it: about its middle, so that there is as much before as behind."""

    def __init__(self, store: EventStore, years: Years) -> None:
        self.store = store
        self.ticket = Ticket(years.tickets[len(years.tickets) // 2])
        self.other = Ticket(years.tickets[len(years.tickets) // 2 - 1])
        self.at = self.events(self.ticket)[-1].at
        self.before = Before(NAME, self.at, LIMIT)
        self.past = Past(store, NAME)
        self.questions = Questions(store, NAME)

    def events(self, ticket: Ticket) -> list[ev.Recorded]:
        """Read a ticket's record."""
        return self.store.read(ev.release_stream(NAME, ticket))

    def runs(self, **wanted: str) -> None:
        """List some past runs."""
        self.questions.runs(RunFilter(**wanted), LIMIT)  # type: ignore[arg-type] # names only


ANSWERS: dict[str, Callable[[Asked], object]] = {
    "events, logs, watch, replay, report, why": lambda asked: asked.events(asked.ticket),
    "status --at TIME": lambda asked: asked.past.release(asked.ticket, asked.at),
    "status --at EVENT": lambda asked: asked.past.release(asked.ticket, 9),
    "diff": lambda asked: compare(asked.events(asked.ticket), asked.events(asked.other)),
    "list": lambda asked: list_releases(asked.store, NAME, limit=LIMIT),
    "list --at": lambda asked: asked.past.releases(asked.at, LIMIT),
    "blame": lambda asked: asked.questions.blame(SERVICES[3], dt.datetime.max.replace(tzinfo=dt.UTC)),
    "blame --at": lambda asked: asked.questions.blame(SERVICES[3], asked.at),
    "history": lambda asked: asked.runs(),
    "history --service": lambda asked: asked.runs(service=SERVICES[3]),
    "history --code": lambda asked: asked.runs(code=CODES[0]),
    "history --state": lambda asked: asked.runs(state="released"),
    "history --by": lambda asked: asked.runs(by=PEOPLE[0]),
    "what a diagnosis compares with": lambda asked: (
        tickets_run(asked.store, asked.before),
        tickets_that_failed(asked.store, asked.before, CODES[0]),
        tickets_of_service(asked.store, asked.before, SERVICES[3]),
    ),
}
"""Command to what it asks of the record."""

GROWING: dict[str, Callable[[Asked], object]] = {
    "services --at": lambda asked: asked.past.placed(asked.at),
    "status --at, of the environment": lambda asked: asked.past.environment(asked.at),
}
"""Answers for which an index of all releases, or of those since the moment, is gone through; few events are read."""


@pytest.fixture(scope="module", name="records")
def _records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asked, Asked]]:
    folder = tmp_path_factory.mktemp("years")
    with sqlite_store(folder / "small.db") as small, sqlite_store(folder / "large.db") as large:
        yield _lived(small, SMALL), _lived(large, LARGE)


def _lived(store: EventStore, events: int) -> Asked:
    years = Years()
    years.fill(store, events)
    Projector(store, [ReleaseList(), History()]).catch_up()
    return Asked(store, years)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_costs_the_same_in_a_record_ten_times_as_long(
    records: tuple[Asked, Asked], answer: Callable[[Asked], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_COMPARED", COMPARED)

    small, large = (Meter(asked.store).cost(lambda asked=asked: answer(asked)) for asked in records)  # type: ignore[misc] # bound at once

    assert large <= 4 * small + 20, (small, large)


@pytest.mark.parametrize("answer", GROWING.values(), ids=GROWING)
def test_some_answers_go_through_an_index_of_all_releases(
    records: tuple[Asked, Asked], answer: Callable[[Asked], object]
) -> None:
    small, large = (Meter(asked.store).cost(lambda asked=asked: answer(asked)) for asked in records)  # type: ignore[misc] # bound at once

    assert small < large <= 15 * small


def test_an_environment_at_any_moment_is_what_folding_all_until_then_gives(records: tuple[Asked, Asked]) -> None:
    asked, _ = records
    everything = asked.store.read(ev.environment_stream(NAME))
    for recorded in everything[:: len(everything) // 50]:
        for at in (recorded.at, recorded.at - dt.timedelta(microseconds=1)):
            assert asked.past.environment(at) == environment.fold(until(everything, at))
