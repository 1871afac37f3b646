"""Which tickets playbooks are held against: not all of years."""

from __future__ import annotations

from released.engine.station import Station
from released.store.history_queries import Before, tickets_refused, tickets_run


def latest_tickets(station: Station, limit: int) -> list[str]:
    """List the tickets that were run last, and those that were refused last, each once."""
    before = Before(station.name, station.instruments.now(), limit)
    return list(dict.fromkeys((*tickets_run(station.store, before), *tickets_refused(station.store, before))))
