"""Answers commands: decides on the present record, appends, and answers alike when a request comes again.

A refusal is recorded in the stream that the command is about, a ticket's or the environment's, and opens no run. Each
answer's event has an id made from the request's id,
so that a request which is sent twice acts once, whoever lost the first answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from released.domain import events as ev
from released.domain.environments import environment
from released.domain.errors import InvalidInput, NotFound, Refused, ReleasedError
from released.domain.ids import RequestId, Ticket
from released.domain.releases import release
from released.domain.releases.release import ReleaseState
from released.domain.requests import refuse_reused
from released.engine.environment_fold import EnvironmentFold
from released.engine.instruments import Instruments, id_of_request
from released.engine.ownership import Ownership
from released.phases.world import World
from released.store.errors import STORE_ERRORS, Conflict, DuplicateEvent, StaleEpoch
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite

_KINDS: dict[str, type[ReleasedError]] = {"invalid": InvalidInput, "not_found": NotFound, "refused": Refused}


State = ReleaseState | environment.EnvironmentState


@dataclass(frozen=True)
class Asked:
    """Who asked for what: the name of the command for the record, the ticket, and the request's id."""

    name: str
    ticket: Ticket | None
    """``None`` where it is about the environment itself."""
    request_id: RequestId
    actor: ev.Actor


@dataclass(frozen=True)
class Decided:
    """What a command comes to: events on top of the state that it is about, and of one beside it.

    What is decided holds only while both stand as they were looked at, also where nothing is to happen to the second.
    """

    state: State
    events: list[ev.Event]
    beside: State | None = None
    of_beside: tuple[ev.Event, ...] = ()


class Answers:
    """One environment's answers."""

    def __init__(
        self, store: EventStore, fence: Fence, ownership: Ownership, world: World, instruments: Instruments
    ) -> None:
        self._store = store
        self._fence = fence
        self._ownership = ownership
        self._world = world
        self._instruments = instruments
        self._place = EnvironmentFold(store, world.name)

    def answer(self, asked: Asked, decide: Callable[[], Decided], then: Callable[[], None]) -> ev.Recorded:
        """Take a command: record what is decided, act on it unless it was answered before; give the event that answers.

        Args:
            asked: who asked for what.
            decide: looks at the record and the world and says what comes of it; asked anew where the record moved on.
            then: how to act on it.

        Raises:
            ReleasedError: whatever ``decide`` refuses with; it is on record.
            Refused: see ``Ownership``; on the record of what is not ours nothing is written.
        """
        self._ownership.affirm()
        event_id = id_of_request(self._world.name, asked.request_id)
        while (given := self._store.find(event_id)) is None:
            try:
                self._store.append(self._writes(asked, decide()), self._fence)
            except (Conflict, DuplicateEvent):
                continue
            except StaleEpoch as error:
                self._ownership.lost(error)
                raise
            except STORE_ERRORS:
                raise
            except ReleasedError as refusal:
                self._record_refusal(asked, refusal)
            else:
                then()
        return self._repeated(given, asked)

    def is_given(self, request_id: RequestId) -> bool:
        """Tell whether a request was answered."""
        return self._store.find(id_of_request(self._world.name, request_id)) is not None

    def ticket_of(self, request_id: RequestId) -> Ticket | None:
        """Name the ticket that a request was about which came before; ``None`` where it did not, or was about none."""
        given = self._store.find(id_of_request(self._world.name, request_id))
        prefix = ev.release_stream(self._world.name, "")
        about_one = given is not None and given.stream.startswith(prefix)
        return Ticket(given.stream.removeprefix(prefix)) if given and about_one else None

    def release(self, ticket: str) -> ReleaseState:
        """Fold the record of a ticket."""
        return release.fold(self._store.read(ev.release_stream(self._world.name, ticket)))

    def environment(self) -> environment.EnvironmentState:
        """Fold the record of the environment."""
        return self._place.present()

    def _repeated(self, given: ev.Recorded, asked: Asked) -> ev.Recorded:
        """Give the answer that a request got when it came first."""
        refuse_reused(given, asked.name, self._stream(asked.ticket))
        if isinstance(given.event, ev.Refused):
            raise _KINDS[given.event.kind](given.event.code, given.event.message, given.event.next)
        return given

    def _record_refusal(self, asked: Asked, refusal: ReleasedError) -> None:
        kind = next((kind for kind, error in _KINDS.items() if isinstance(refusal, error)), "refused")
        message = self._world.mask(refusal.message)
        event = ev.Refused(asked.name, asked.request_id, refusal.code, message, kind, refusal.next_commands)
        state = self.environment() if asked.ticket is None else self.release(asked.ticket)
        with contextlib.suppress(Conflict, DuplicateEvent):
            self._store.append(self._writes(asked, Decided(state, [event])), self._fence)

    def _writes(self, asked: Asked, decided: Decided) -> list[StreamWrite]:
        now, new_id = self._instruments.now(), self._instruments.new_id
        ids = [id_of_request(self._world.name, asked.request_id), *(new_id() for _ in decided.events[1:])]
        pairs = zip(ids, decided.events, strict=True)
        news = tuple(NewEvent(event_id, now, asked.actor, event) for event_id, event in pairs)
        writes = [StreamWrite(self._stream(asked.ticket), decided.state.version, news)]
        if decided.beside is not None:
            others = tuple(NewEvent(new_id(), now, asked.actor, event) for event in decided.of_beside)
            ticket = decided.beside.ticket if isinstance(decided.beside, ReleaseState) else None
            writes.append(StreamWrite(self._stream(ticket), decided.beside.version, others))
        return writes

    def _stream(self, ticket: str | None) -> str:
        name = self._world.name
        return ev.environment_stream(name) if ticket is None else ev.release_stream(name, ticket)
