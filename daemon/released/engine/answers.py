"""Answers commands: decides on the present record, appends, and answers alike when a request comes again.

A refusal is recorded in the ticket's stream and opens no run. Each answer's event has an id made from the request's id,
so that a request which is sent twice acts once, whoever lost the first answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from released.domain import environment, release
from released.domain import events as ev
from released.domain.errors import InvalidInput, NotFound, Refused, ReleasedError
from released.domain.ids import RequestId, Ticket
from released.domain.release import ReleaseState
from released.engine.instruments import Instruments, id_of_request
from released.phases.world import World
from released.store.errors import STORE_ERRORS, Conflict, DuplicateEvent
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite

_KINDS: dict[str, type[ReleasedError]] = {"invalid": InvalidInput, "not_found": NotFound, "refused": Refused}


@dataclass(frozen=True)
class Accepted:
    """A command was taken; ``version`` is that of the event that says so."""

    ticket: Ticket
    run: int
    version: int


@dataclass(frozen=True)
class Asked:
    """Who asked for what: the name of the command for the record, the ticket, and the request's id."""

    name: str
    ticket: Ticket
    request_id: RequestId
    actor: ev.Actor


@dataclass(frozen=True)
class Decided:
    """What a command comes to: events on top of a state of the ticket's stream, and of the environment's."""

    state: ReleaseState
    events: list[ev.Event]
    place: environment.EnvironmentState | None = None
    of_place: tuple[ev.Event, ...] = ()


class Answers:
    """One environment's answers, one command at a time."""

    def __init__(
        self, store: EventStore, fence: Fence, world: World, instruments: Instruments, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._fence = fence
        self._world = world
        self._instruments = instruments
        self._wake = wake
        self._turn = threading.Lock()

    def answer(self, asked: Asked, decide: Callable[[], Decided], then: Callable[[], None] | None = None) -> Accepted:
        """Take a command: record what is decided, act on it unless it was answered before, and answer.

        Args:
            asked: who asked for what.
            decide: looks at the record and the world and says what comes of it; asked anew where the record moved on.
            then: how to act on it; where it is left out, the supervisor is woken.

        Raises:
            ReleasedError: whatever ``decide`` refuses with; it is on record.
        """
        with self._turn:
            while True:
                given = self._store.find(id_of_request(self._world.name, asked.request_id))
                if given is not None:
                    return self._repeated(given, asked.ticket)
                try:
                    self._store.append(self._writes(asked, decide()), self._fence)
                    (then or self._wake)()
                except (Conflict, DuplicateEvent):
                    continue
                except STORE_ERRORS:
                    raise
                except ReleasedError as refusal:
                    self._record_refusal(asked, refusal)

    def release(self, ticket: str) -> ReleaseState:
        """Fold the record of a ticket."""
        return release.fold(self._store.read(ev.release_stream(self._world.name, ticket)))

    def environment(self) -> environment.EnvironmentState:
        """Fold the record of the environment."""
        return environment.fold(self._store.read(ev.environment_stream(self._world.name)))

    def _repeated(self, given: ev.Recorded, ticket: Ticket) -> Accepted:
        """Give the answer that a request got when it came first."""
        if given.stream != ev.release_stream(self._world.name, ticket):
            raise InvalidInput("request_id_reused", f"This request id was used for another ticket ({given.stream}).")
        if isinstance(given.event, ev.Refused):
            raise _KINDS[given.event.kind](given.event.code, given.event.message, given.event.next)
        return Accepted(ticket, self.release(ticket).run, given.version)

    def _record_refusal(self, asked: Asked, refusal: ReleasedError) -> None:
        kind = next((kind for kind, error in _KINDS.items() if isinstance(refusal, error)), "refused")
        message = self._world.mask(refusal.message)
        event = ev.Refused(asked.name, asked.request_id, refusal.code, message, kind, refusal.next_commands)
        try:
            self._store.append(self._writes(asked, Decided(self.release(asked.ticket), [event])), self._fence)
        except (Conflict, DuplicateEvent):
            return

    def _writes(self, asked: Asked, decided: Decided) -> list[StreamWrite]:
        now, new_id = self._instruments.now(), self._instruments.new_id
        ids = [id_of_request(self._world.name, asked.request_id), *(new_id() for _ in decided.events[1:])]
        pairs = zip(ids, decided.events, strict=True)
        news = tuple(NewEvent(event_id, now, asked.actor, event) for event_id, event in pairs)
        writes = [StreamWrite(ev.release_stream(self._world.name, asked.ticket), decided.state.version, news)]
        if decided.place is not None:
            # Without events, too: what was decided holds for this state of the environment only.
            locking = tuple(NewEvent(new_id(), now, asked.actor, event) for event in decided.of_place)
            writes.append(StreamWrite(ev.environment_stream(self._world.name), decided.place.version, locking))
        return writes
