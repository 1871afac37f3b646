"""The record of each playbook in an environment: which failures it tells of best, and whether it helped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from released.domain.playbooks.matching import match
from released.domain.playbooks.playbook import Playbook
from released.domain.playbooks.record import proven
from released.domain.playbooks.recorded_failure import failures
from released.engine.playbooks.known_failures import facts_of
from released.engine.playbooks.latest import latest_tickets
from released.engine.station import Station

_RECENT = 500
"""Releases that are looked through."""


class PlaybookRecord(NamedTuple):
    """How often a playbook told of a failure better than any other, was confirmed by a person, and worked."""

    matched: int
    confirmed: int
    worked: int


def playbook_records(station: Station, playbooks: Sequence[Playbook]) -> dict[str, PlaybookRecord]:
    """Look through the latest releases of an environment.

    Args:
        station: the environment.
        playbooks: every one that is known.
    """
    matched, confirmed, worked = Counter[str](), Counter[str](), Counter[str]()
    for ticket in latest_tickets(station, _RECENT):
        events = station.events(ticket)
        counts = proven(events)
        confirmed += counts.confirmed
        worked += counts.worked
        best = (match(playbooks, facts_of(station.world, failure))[:1] for failure in failures(events))
        matched.update(one.playbook.id for found in best for one in found)
    return {one.id: PlaybookRecord(matched[one.id], confirmed[one.id], worked[one.id]) for one in playbooks}
