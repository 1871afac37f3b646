"""Takes what operators ask of one environment: look, decide, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.ids import Phase, Ticket, parse_sha
from released.domain.releases import decide, lifecycle
from released.domain.releases.plan import ReleasePlan
from released.domain.releases.release import ReleaseState, required
from released.domain.releases.touched import touched_services
from released.engine.admission import admit_resume
from released.engine.answers import Answers, Asked, Decided
from released.engine.faults import KILL, Faults
from released.engine.fingerprint import refuse_stale
from released.engine.instruments import Instruments
from released.engine.planner import Planner
from released.engine.record import EnvironmentRecord
from released.engine.workspace_lock import refuse_if_unusable
from released.phases.planning.preflight import later_deployed, plan_adoption, plan_release
from released.phases.planning.request import Request
from released.phases.world import World


@dataclass(frozen=True)
class Accepted:
    """A command was taken; ``version`` is that of the event that says so."""

    ticket: Ticket
    run: int
    version: int


class Desk:
    """One environment's counter.

    Commands that look at the world are to be taken one at a time; what the record alone decides, whenever it comes.
    """

    def __init__(
        self,
        answers: Answers,
        planner: Planner,
        record: EnvironmentRecord,
        world: World,
        instruments: Instruments,
        faults: Faults,
        wake: Callable[[], None],
    ) -> None:
        self._world = world
        self._instruments = instruments
        self._faults = faults
        self._wake = wake
        self._answers = answers
        self._planner = planner
        self._record = record

    # --- forward -------------------------------------------------------------------------------------------------

    def run(self, command: cmd.StartRun, actor: ev.Actor) -> Accepted:
        """Open a run.

        Raises:
            Refused, InvalidInput: see ``decide.start`` and ``plan_release``; it is on record.
        """

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            plan = self._planner.run(command)
            refuse_stale(self._world, plan, command)
            refuse_if_unusable(self._world)
            events, of_place = decide.start(command, plan, state, place, self._world.name)
            return Decided(state, events, place, tuple(of_place))

        return self._accepted("run", command, actor, decided)

    def resume(self, command: cmd.ResumeRun, actor: ev.Actor) -> Accepted:
        """Let a halted release go on.

        Raises:
            Refused, InvalidInput: see ``admit_resume``; it is on record.
        """

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            phase = admit_resume(command, state, place, self._world)
            refuse_if_unusable(self._world)
            return Decided(state, decide.resume(command, state, self._renewed(command, state, phase)), place)

        return self._accepted("resume", command, actor, decided)

    def adopt(self, command: cmd.Adopt, actor: ev.Actor) -> Accepted:
        """Take in a release that was done by hand.

        Raises:
            Refused: see ``decide.admit_adopt`` and ``plan_adoption``; it is on record.
        """

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            decide.admit_adopt(command, state, place)
            history = self._record.history()
            plan = plan_adoption(self._world, command.ticket, command.base, command.merge, history)
            events, of_place = decide.adopt(command, plan, state, place, later_deployed(self._world, plan, history))
            return Decided(state, events, place, tuple(of_place))

        return self._accepted("adopt", command, actor, decided)

    # --- back ----------------------------------------------------------------------------------------------------

    def revert(self, command: cmd.Revert, actor: ev.Actor) -> Accepted:
        """Take a release back, or a revert.

        Raises:
            Refused, InvalidInput: see ``decide.admit_revert`` and ``plan_revert``; it is on record.
        """

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            plan = self._planner.revert(command)
            refuse_stale(self._world, plan, command)
            refuse_if_unusable(self._world)
            events, of_place = decide.revert(command, plan, state, place)
            return Decided(state, events, place, tuple(of_place))

        return self._accepted("revert", command, actor, decided)

    def is_in_vain(self, command: cmd.StartRun) -> bool:
        """Tell whether it makes no difference to wait for the environment: the answer is known, or the ticket's own."""
        return self._answers.is_given(command.request_id) or (
            self._answers.release(command.ticket).status not in lifecycle.STARTABLE
        )

    # --- settling ------------------------------------------------------------------------------------------------

    def cancel(self, command: cmd.Cancel, actor: ev.Actor) -> Accepted:
        """Stop a running release after its present step, or the step too.

        A step is told to end once that is on record, so that a daemon which dies before is followed by one that tells
        it. A step that must not be cut off, such as the move of the checkout, is finished first.
        """

        def kill() -> None:
            self._faults(KILL, command.ticket)
            self._world.interruption.ask()

        decided = partial(decide.cancel, command)
        return self._settle("cancel", command, actor, decided, kill if command.kill else None)

    def resolve(self, command: cmd.Resolve, actor: ev.Actor) -> Accepted:
        """Settle a step that is in doubt."""
        return self._settle("resolve", command, actor, lambda state: decide.resolve(command, state))

    def note(self, command: cmd.Note, actor: ev.Actor) -> Accepted:
        """Put a remark on the record."""
        return self._settle("note", command, actor, lambda state: decide.note(command, state))

    def legal_hold(self, command: cmd.LegalHold, actor: ev.Actor) -> Accepted:
        """Keep what was printed for a ticket however old it grows, or let it expire again."""
        return self._settle("legal-hold", command, actor, lambda state: decide.legal_hold(command, state))

    def release_lock(self, command: cmd.ReleaseLock, actor: ev.Actor) -> Accepted:
        """Give the halted release up that occupies the environment, and free that.

        Raises:
            Refused: no release does, or it is not halted.
        """
        came_before = self._answers.ticket_of(command.request_id)
        ticket = came_before or decide.occupant(self._answers.environment(), self._world.name)
        abandon = cmd.Abandon(ticket, command.request_id, command.reason)

        def decided() -> Decided:
            state, place = self._answers.release(ticket), self._answers.environment()
            events, of_place = decide.abandon(abandon, state)
            return Decided(state, events, place, tuple(of_place))

        return self._accepted("lock release", abandon, actor, decided)

    def _settle(
        self,
        name: str,
        command: cmd.Cancel | cmd.Resolve | cmd.Note | cmd.LegalHold,
        actor: ev.Actor,
        decided: Callable[[ReleaseState], list[ev.Event]],
        then: Callable[[], None] | None = None,
    ) -> Accepted:
        def settled() -> Decided:
            state = self._answers.release(command.ticket)
            return Decided(state, decided(state))

        return self._accepted(name, command, actor, settled, then)

    def _accepted(
        self,
        name: str,
        command: cmd.OfTicket,
        actor: ev.Actor,
        decided: Callable[[], Decided],
        then: Callable[[], None] | None = None,
    ) -> Accepted:
        """Take a command about a ticket; where nothing else is to be done at once, the supervisor looks."""
        asked = Asked(name, command.ticket, command.request_id, actor)
        given = self._answers.answer(asked, decided, then or self._wake)
        return Accepted(command.ticket, self._answers.release(command.ticket).run, given.version)

    def _renewed(self, command: cmd.ResumeRun, state: ReleaseState, phase: Phase) -> ReleasePlan | None:
        """Plan anew where the release goes on from prepare: a fix that came as a commit is taken up."""
        if command.from_phase is not Phase.PREPARE or phase is not Phase.PREPARE:
            return None
        base = parse_sha(required(state.plan).base_sha)
        request = Request(command.ticket, state.options, base, touched_services(state))
        return plan_release(self._world, request, self._record.history())
