"""The states of releases while a projection follows the log: those that changed last are kept, others are folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, select

from released.domain.events import Recorded
from released.domain.releases.release import ReleaseState, evolve, fold
from released.store.redactions import recorded_in
from released.store.tables import EVENTS

_REMEMBERED = 64


class ReleaseFolds:
    """Gives each event of a release with the states before and after it; belongs to one projection."""

    def __init__(self) -> None:
        self._states: dict[str, ReleaseState] = {}
        """The one that changed last at the end."""

    def steps(
        self, connection: Connection, stream: str, events: Sequence[Recorded]
    ) -> Iterator[tuple[ReleaseState, Recorded, ReleaseState]]:
        """Take in events of one release, in order; some of them may have been taken in before."""
        state = self._before(connection, stream, events[0].version)
        for recorded in events:
            after = evolve(state, recorded)
            yield state, recorded, after
            state = after
        self._remember(stream, state)

    def clear(self) -> None:
        """Forget every state."""
        self._states.clear()

    def _before(self, connection: Connection, stream: str, version: int) -> ReleaseState:
        state = self._states.get(stream)
        if state is not None and state.version == version - 1:
            return state
        return fold(events_before(connection, stream, version))

    def _remember(self, stream: str, state: ReleaseState) -> None:
        self._states.pop(stream, None)
        self._states[stream] = state
        if len(self._states) > _REMEMBERED:
            del self._states[next(iter(self._states))]


def events_before(connection: Connection, stream: str, version: int) -> list[Recorded]:
    """Read the events of a stream that stand before one of its versions."""
    wanted = (EVENTS.c.stream == stream) & (EVENTS.c.version < version)
    return list(recorded_in(connection, select(EVENTS).where(wanted).order_by(EVENTS.c.version)))


def by_release(recorded: Iterable[Recorded]) -> dict[str, list[Recorded]]:
    """Sort events of releases by their streams; others are left out."""
    streams: dict[str, list[Recorded]] = {}
    for event in recorded:
        if event.stream.startswith("release/"):
            streams.setdefault(event.stream, []).append(event)
    return streams


def names_in(stream: str) -> tuple[str, str]:
    """Give the environment and the ticket that a release's stream belongs to."""
    _, environment, ticket = stream.split("/", 2)
    return environment, ticket
