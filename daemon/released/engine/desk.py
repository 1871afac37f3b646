"""Takes what operators ask of one environment: look, decide, record; a request that was answered is answered alike.

A refusal is recorded in the ticket's stream and opens no run. Each answer's event has an id made from the request's id,
so that a request which is sent twice acts once, whoever lost the first answer.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from released.domain import commands as cmd
from released.domain import decide, environment, lifecycle, release
from released.domain import events as ev
from released.domain.errors import InvalidInput, NotFound, Refused, ReleasedError
from released.domain.ids import Phase, RequestId, Ticket, parse_sha
from released.domain.plan import ReleasePlan
from released.domain.release import ReleaseState, required
from released.engine.instruments import Instruments, id_of_request
from released.engine.workspace_lock import refuse_if_taken
from released.phases.checkout import moved
from released.phases.preflight import History, Request, plan_release
from released.phases.world import World
from released.store.errors import STORE_ERRORS, Conflict, DuplicateEvent
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite
from released.store.release_list import list_releases

_KINDS: dict[str, type[ReleasedError]] = {"invalid": InvalidInput, "not_found": NotFound, "refused": Refused}


@dataclass(frozen=True)
class Accepted:
    """A command was taken; ``version`` is that of the event that says so."""

    ticket: Ticket
    run: int
    version: int


class Desk:
    """One environment's counter: one command at a time."""

    def __init__(
        self, store: EventStore, fence: Fence, world: World, instruments: Instruments, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._fence = fence
        self._world = world
        self._instruments = instruments
        self._wake = wake
        self._turn = threading.Lock()

    def run(self, command: cmd.StartRun, actor: ev.Actor) -> Accepted:
        """Open a run.

        Raises:
            Refused, InvalidInput: see ``decide.start`` and ``plan_release``; it is on record.
        """

        def attempt() -> list[StreamWrite]:
            state, place = self._release(command.ticket), self._environment()
            decide.admit_start(command, state, place)
            decide.refuse_held(place, self._instruments.now())
            refuse_if_taken(self._world)
            plan = plan_release(self._world, Request(command.ticket, command.options), self._history())
            events, of_place = decide.start(command, plan, state, place, self._world.name)
            return self._writes(command.ticket, command.request_id, actor, state.version, events, place, of_place)

        return self._answer("run", command.ticket, command.request_id, actor, attempt)

    def resume(self, command: cmd.ResumeRun, actor: ev.Actor) -> Accepted:
        """Let a halted release go on.

        Raises:
            Refused, InvalidInput: see ``decide.resume``; it is on record.
        """

        def attempt() -> list[StreamWrite]:
            state = self._release(command.ticket)
            phase = decide.admit_resume(command, state)
            self._refuse_moved(state)
            refuse_if_taken(self._world)
            plan = self._renewed(command, state, phase)
            events = decide.resume(command, state, plan)
            return self._writes(command.ticket, command.request_id, actor, state.version, events)

        return self._answer("resume", command.ticket, command.request_id, actor, attempt)

    def cancel(self, command: cmd.Cancel, actor: ev.Actor) -> Accepted:
        """Stop a running release after its present step."""
        return self._settle("cancel", command, actor, lambda state: decide.cancel(command, state))

    def resolve(self, command: cmd.Resolve, actor: ev.Actor) -> Accepted:
        """Settle a step that is in doubt."""
        return self._settle("resolve", command, actor, lambda state: decide.resolve(command, state))

    def note(self, command: cmd.Note, actor: ev.Actor) -> Accepted:
        """Put a remark on the record."""
        return self._settle("note", command, actor, lambda state: decide.note(command, state))

    def abandon(self, command: cmd.Abandon, actor: ev.Actor) -> Accepted:
        """Give a halted release up, and free its environment."""

        def attempt() -> list[StreamWrite]:
            state, place = self._release(command.ticket), self._environment()
            events, of_place = decide.abandon(command, state)
            return self._writes(command.ticket, command.request_id, actor, state.version, events, place, of_place)

        return self._answer("lock release", command.ticket, command.request_id, actor, attempt)

    def hold(self, event: ev.Held | ev.Unheld, actor: ev.Actor) -> None:
        """Keep releases out of the environment, or let them in again; sent twice it acts once."""
        stream, event_id = ev.environment_stream(self._world.name), id_of_request(self._world.name, event.request_id)
        new = NewEvent(event_id, self._instruments.now(), actor, event)
        while self._store.find(event_id) is None:
            with contextlib.suppress(Conflict, DuplicateEvent):
                self._store.append([StreamWrite(stream, self._environment().version, (new,))], self._fence)

    def _settle(
        self,
        name: str,
        command: cmd.Cancel | cmd.Resolve | cmd.Note,
        actor: ev.Actor,
        decided: Callable[[ReleaseState], list[ev.Event]],
    ) -> Accepted:
        def attempt() -> list[StreamWrite]:
            state = self._release(command.ticket)
            return self._writes(command.ticket, command.request_id, actor, state.version, decided(state))

        return self._answer(name, command.ticket, command.request_id, actor, attempt)

    # --- answering -----------------------------------------------------------------------------------------------

    def _answer(
        self,
        name: str,
        ticket: Ticket,
        request_id: RequestId,
        actor: ev.Actor,
        attempt: Callable[[], list[StreamWrite]],
    ) -> Accepted:
        with self._turn:
            while True:
                given = self._store.find(id_of_request(self._world.name, request_id))
                if given is not None:
                    return self._repeated(given, ticket)
                try:
                    self._store.append(attempt(), self._fence)
                    self._wake()
                except (Conflict, DuplicateEvent):
                    continue
                except STORE_ERRORS:
                    raise
                except ReleasedError as refusal:
                    self._record_refusal(name, ticket, request_id, actor, refusal)

    def _repeated(self, given: ev.Recorded, ticket: Ticket) -> Accepted:
        """Give the answer that a request got when it came first."""
        if given.stream != ev.release_stream(self._world.name, ticket):
            raise InvalidInput("request_id_reused", f"This request id was used for another ticket ({given.stream}).")
        if isinstance(given.event, ev.Refused):
            raise _KINDS[given.event.kind](given.event.code, given.event.message, given.event.next)
        return Accepted(ticket, self._release(ticket).run, given.version)

    def _record_refusal(
        self, name: str, ticket: Ticket, request_id: RequestId, actor: ev.Actor, refusal: ReleasedError
    ) -> None:
        kind = next((kind for kind, error in _KINDS.items() if isinstance(refusal, error)), "refused")
        message = self._world.mask(refusal.message)
        event = ev.Refused(name, request_id, refusal.code, message, kind, refusal.next_commands)
        version = self._release(ticket).version
        try:
            self._store.append(self._writes(ticket, request_id, actor, version, [event]), self._fence)
        except (Conflict, DuplicateEvent):
            return

    def _writes(
        self,
        ticket: Ticket,
        request_id: RequestId,
        actor: ev.Actor,
        version: int,
        events: list[ev.Event],
        place: environment.EnvironmentState | None = None,
        of_place: list[ev.Event] | None = None,
    ) -> list[StreamWrite]:
        now, new_id = self._instruments.now(), self._instruments.new_id
        ids = [id_of_request(self._world.name, request_id), *(new_id() for _ in events[1:])]
        news = tuple(NewEvent(event_id, now, actor, event) for event_id, event in zip(ids, events, strict=True))
        writes = [StreamWrite(ev.release_stream(self._world.name, ticket), version, news)]
        if place is not None and of_place:
            locking = tuple(NewEvent(new_id(), now, actor, event) for event in of_place)
            writes.append(StreamWrite(ev.environment_stream(self._world.name), place.version, locking))
        return writes

    # --- looking -------------------------------------------------------------------------------------------------

    def _release(self, ticket: str) -> ReleaseState:
        return release.fold(self._store.read(ev.release_stream(self._world.name, ticket)))

    def _environment(self) -> environment.EnvironmentState:
        return environment.fold(self._store.read(ev.environment_stream(self._world.name)))

    def _refuse_moved(self, state: ReleaseState) -> None:
        """HEAD must be where the release left it, at every resume (spec: verify)."""
        head = self._world.git.state().head
        if not state.may_stand_at(head):
            failure = moved(self._world, state, head)
            raise Refused(failure.code, failure.message, failure.next)

    def _renewed(self, command: cmd.ResumeRun, state: ReleaseState, phase: Phase) -> ReleasePlan | None:
        """Plan anew where the release goes on from prepare: a fix that came as a commit is taken up."""
        if command.from_phase is not Phase.PREPARE or phase is not Phase.PREPARE:
            return None
        request = Request(command.ticket, state.options, parse_sha(required(state.plan).base_sha))
        return plan_release(self._world, request, self._history())

    def _history(self) -> History:
        """Say what the record knows of other tickets."""
        prefix = ev.release_stream(self._world.name, "")
        tickets = (Ticket(stream.removeprefix(prefix)) for stream in self._store.streams(prefix))
        latest = list_releases(self._store, self._world.name, lifecycle.RELEASED, limit=1)
        return History(
            # A typo that was refused owns no script. Only a name with a dash can be the longer of two that match one.
            known_tickets=tuple(ticket for ticket in tickets if "-" in ticket and self._release(ticket).run > 0),
            is_released=lambda ticket: self._release(ticket).status == lifecycle.RELEASED,
            last_released=latest[0].merge_sha if latest else None,
        )
