"""Whether this version of released can replay what another one recorded: looked at once, before it takes over.

An event that can be read may still have no place any more, where a life cycle lost a row. To find that out when a
person asks for an old release, or needs its revert, is too late.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, select

from released.domain.environments import environment
from released.domain.events import Recorded
from released.domain.releases import lifecycle, release
from released.store.errors import UnreadableEvent
from released.store.obstacles import unreplayable
from released.store.redactions import recorded_in
from released.store.tables import EVENTS, LEASES
from released.version import VERSION


def refuse_unreplayable(connection: Connection, path: Path) -> None:
    """Fold every stream, where another version than this one had the record last.

    Raises:
        ReadOnly: ``history_unreplayable``, with the first event that this version cannot replay.
    """
    if _had_it_last(connection) in (None, VERSION):
        return
    everything = select(EVENTS).order_by(EVENTS.c.stream, EVENTS.c.version)
    try:
        for stream, events in groupby(recorded_in(connection, everything), key=lambda recorded: recorded.stream):
            _replay(stream, events, path)
    except UnreadableEvent as error:
        raise unreplayable(path, error.message) from error


def _had_it_last(connection: Connection) -> str | None:
    """Name the version that took the newest lease; those of environments that are no more are never renewed."""
    return connection.execute(select(LEASES.c.version).order_by(LEASES.c.taken_at.desc()).limit(1)).scalar()


def _replay(stream: str, events: Iterator[Recorded], path: Path) -> None:
    status = lifecycle.initial_status(stream)
    state, place = release.ReleaseState(), environment.EnvironmentState()
    for recorded in events:
        try:
            status = lifecycle.next_status(stream, status, recorded.event)
            if stream.startswith("release/"):
                state = release.evolve(state, recorded)
            else:
                place = environment.evolve(place, recorded)
        except Exception as error:
            raise unreplayable(path, f"event {recorded.version} of {stream}: {error}") from error
