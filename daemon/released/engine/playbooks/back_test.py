"""What playbooks would have told of the failures that are on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from released.domain import events as ev
from released.domain.playbooks.matching import Facts, match
from released.domain.playbooks.playbook import Playbook
from released.domain.playbooks.recorded_failure import RecordedFailure, failures
from released.engine.playbooks.known_failures import facts_of, library
from released.engine.playbooks.latest import latest_tickets
from released.engine.station import Station

_RECENT, _FAILURES = 500, 1000
"""How many of the latest releases are looked through, and how many of their failures are tried at most."""


class Hit(NamedTuple):
    """A playbook that tells of a failure, and how many tell of it better."""

    playbook: str
    score: float
    rank: int
    """From 1."""


class Trial(NamedTuple):
    """A past failure, and which of the playbooks on trial tell of it."""

    recorded: ev.Recorded
    facts: Facts
    hits: tuple[Hit, ...]


def back_test(station: Station, tried: Sequence[Playbook]) -> list[Trial]:
    """Try playbooks on the failures of an environment's latest releases, the latest first.

    They are ranked among the known ones; where they have the id of one, they take its place.
    """
    ids = {playbook.id for playbook in tried}
    known = [playbook for playbook in library(station.world.git).playbooks if playbook.id not in ids]
    found = sorted(_failures(station), key=lambda failure: failure.recorded.position, reverse=True)
    return [_trial(station, failure, (*known, *tried), ids) for failure in islice(found, _FAILURES)]


def _failures(station: Station) -> Iterator[RecordedFailure]:
    for ticket in latest_tickets(station, _RECENT):
        yield from failures(station.events(ticket))


def _trial(station: Station, failure: RecordedFailure, playbooks: Sequence[Playbook], ids: set[str]) -> Trial:
    facts = facts_of(station.world, failure)
    matches = enumerate(match(playbooks, facts), 1)
    hits = (Hit(one.playbook.id, one.score, rank) for rank, one in matches if one.playbook.id in ids)
    return Trial(failure.recorded, facts, tuple(hits))
