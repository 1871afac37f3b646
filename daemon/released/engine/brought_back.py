"""Which release brought the commits back that a revert had taken away: the reverted ticket is live again with it."""

from __future__ import annotations

from collections.abc import Mapping

from released.domain import events as ev
from released.domain.releases import lifecycle, release
from released.store.event_store import EventStore
from released.store.release_list import overridden_tickets


def back_with(store: EventStore, environment: str) -> Mapping[str, str]:
    """Give each commit that came back, with the ticket of the release that stands and brought it."""
    # Only who decides against the usual way brings such commits back, so that few releases are read.
    tickets = overridden_tickets(store, environment, lifecycle.RELEASED)
    states = (release.fold(store.read(ev.release_stream(environment, ticket))) for ticket in tickets)
    return {sha: state.ticket for state in states if state.plan for sha in state.plan.brought_back}
