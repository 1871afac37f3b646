"""Takes what operators ask of one environment: look, decide, record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from released.adapters.commands.scripts import Running
from released.domain import commands as cmd
from released.domain import decide
from released.domain import events as ev
from released.domain.errors import Refused
from released.domain.hook import refuse_while_hook_runs
from released.domain.ids import Phase, parse_sha
from released.domain.plan import ReleasePlan
from released.domain.release import ReleaseState, Reversal, required
from released.domain.revert_plan import RevertPlan
from released.domain.snapshot import touched_services
from released.engine.answers import Accepted, Answers, Asked, Decided
from released.engine.faults import KILL, Faults
from released.engine.fingerprint import refuse_stale
from released.engine.instruments import Instruments, id_of_request
from released.engine.previews import RevertPreview, RunPreview, preview_revert, preview_run
from released.engine.record import EnvironmentRecord
from released.engine.slots import attempt_folder
from released.engine.workspace_lock import refuse_if_taken
from released.phases.checkout import moved
from released.phases.preflight import plan_adoption, plan_release
from released.phases.request import Request
from released.phases.revert_preflight import plan_revert
from released.phases.world import World
from released.store.errors import Conflict, DuplicateEvent
from released.store.event_store import EventStore, Fence, NewEvent, StreamWrite


class Desk:
    """One environment's counter: one command at a time."""

    def __init__(
        self,
        store: EventStore,
        fence: Fence,
        world: World,
        instruments: Instruments,
        faults: Faults,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._fence = fence
        self._world = world
        self._instruments = instruments
        self._faults = faults
        self._answers = Answers(store, fence, world, instruments, wake)
        self._record = EnvironmentRecord(store, world.name)

    # --- forward -------------------------------------------------------------------------------------------------

    def run(self, command: cmd.StartRun, actor: ev.Actor) -> Accepted:
        """Open a run.

        Raises:
            Refused, InvalidInput: see ``decide.start`` and ``plan_release``; it is on record.
        """

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            plan = self.plan_run(command)
            refuse_stale(self._world, plan, command.plan_hash)
            events, of_place = decide.start(command, plan, state, place, self._world.name)
            return Decided(state, events, place, tuple(of_place))

        return self._answers.answer(Asked("run", command.ticket, command.request_id, actor), decided)

    def plan_run(self, command: cmd.StartRun) -> ReleasePlan:
        """Say what a run would do; fetches, and changes nothing else.

        Raises:
            Refused, InvalidInput: it would be refused.
        """
        state, place = self._answers.release(command.ticket), self._answers.environment()
        decide.admit_start(command, state, place)
        decide.refuse_held(place, self._instruments.now())
        refuse_if_taken(self._world)
        return plan_release(self._world, Request(command.ticket, command.options), self._record.history())

    def resume(self, command: cmd.ResumeRun, actor: ev.Actor) -> Accepted:
        """Let a halted release go on.

        Raises:
            Refused, InvalidInput: see ``decide.resume``, or a hook runs by hand; it is on record.
        """

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            phase = decide.admit_resume(command, state)
            refuse_while_hook_runs(place)
            self._refuse_moved(state)
            refuse_if_taken(self._world)
            return Decided(state, decide.resume(command, state, self._renewed(command, state, phase)), place)

        return self._answers.answer(Asked("resume", command.ticket, command.request_id, actor), decided)

    def adopt(self, command: cmd.Adopt, actor: ev.Actor) -> Accepted:
        """Take in a release that was done by hand.

        Raises:
            Refused: see ``decide.admit_adopt`` and ``plan_adoption``; it is on record.
        """

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            decide.admit_adopt(command, state, place)
            plan = plan_adoption(self._world, command.ticket, command.base, command.merge, self._record.history())
            events, of_place = decide.adopt(command, plan, state, place)
            return Decided(state, events, place, tuple(of_place))

        return self._answers.answer(Asked("adopt", command.ticket, command.request_id, actor), decided)

    # --- back ----------------------------------------------------------------------------------------------------

    def revert(self, command: cmd.Revert, actor: ev.Actor) -> Accepted:
        """Take a release back, or a revert.

        Raises:
            Refused, InvalidInput: see ``decide.admit_revert`` and ``plan_revert``; it is on record.
        """

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            plan = self.plan_revert(command)
            refuse_stale(self._world, plan, command.plan_hash)
            events, of_place = decide.revert(command, plan, state, place)
            return Decided(state, events, place, tuple(of_place))

        return self._answers.answer(Asked("revert", command.ticket, command.request_id, actor), decided)

    def plan_revert(self, command: cmd.Revert) -> RevertPlan:
        """Say what a revert would do; changes nothing.

        Raises:
            Refused, InvalidInput: it would be refused.
        """
        state, place = self._answers.release(command.ticket), self._answers.environment()
        decide.admit_revert(command, state, place)
        self._refuse_under_way(state)
        refuse_if_taken(self._world)
        return plan_revert(self._world, state, command.options, self._record.later_than(state))

    def preview_run(self, command: cmd.StartRun, actor: ev.Actor) -> RunPreview:
        """Show what a run would do.

        Raises:
            Refused, InvalidInput: it would be refused.
        """
        plan = self.plan_run(command)
        requested = ev.RunRequested(0, command.request_id, self._world.name, plan, command.options)
        return preview_run(self._world, plan, ev.Recorded(0, "", 0, "", self._instruments.now(), actor, requested))

    def preview_revert(self, command: cmd.Revert, actor: ev.Actor) -> RevertPreview:
        """Show what a revert would do.

        Raises:
            Refused, InvalidInput: it would be refused.
        """
        state, plan = self._answers.release(command.ticket), self.plan_revert(command)
        reversal = Reversal(plan, command.options, 1, state.status, self._instruments.now(), actor)
        return preview_revert(self._world, state, plan, reversal)

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

    def abandon(self, command: cmd.Abandon, actor: ev.Actor) -> Accepted:
        """Give a halted release up, and free its environment."""

        def decided() -> Decided:
            state, place = self._answers.release(command.ticket), self._answers.environment()
            events, of_place = decide.abandon(command, state)
            return Decided(state, events, place, tuple(of_place))

        return self._answers.answer(Asked("lock release", command.ticket, command.request_id, actor), decided)

    def hold(self, event: ev.Held | ev.Unheld, actor: ev.Actor) -> None:
        """Keep releases out of the environment, or let them in again; sent twice it acts once."""
        stream, event_id = ev.environment_stream(self._world.name), id_of_request(self._world.name, event.request_id)
        new = NewEvent(event_id, self._instruments.now(), actor, event)
        while self._store.find(event_id) is None:
            with contextlib.suppress(Conflict, DuplicateEvent):
                write = StreamWrite(stream, self._answers.environment().version, (new,))
                self._store.append([write], self._fence)

    def _settle(
        self,
        name: str,
        command: cmd.Cancel | cmd.Resolve | cmd.Note,
        actor: ev.Actor,
        decided: Callable[[ReleaseState], list[ev.Event]],
        then: Callable[[], None] | None = None,
    ) -> Accepted:
        def settled() -> Decided:
            state = self._answers.release(command.ticket)
            return Decided(state, decided(state))

        return self._answers.answer(Asked(name, command.ticket, command.request_id, actor), settled, then)

    # --- looking -------------------------------------------------------------------------------------------------

    def _refuse_moved(self, state: ReleaseState) -> None:
        """HEAD must be where the release left it, at every resume (spec: verify)."""
        head = self._world.git.state().head
        if not state.may_stand_at(head):
            failure = moved(self._world, state, head)
            raise Refused(failure.code, failure.message, failure.next)

    def _refuse_under_way(self, state: ReleaseState) -> None:
        """A command that outlived the daemon may still change what a revert is about to bring back."""
        step = state.current_step
        if step is None:
            return
        folder = attempt_folder(self._world.name, state.ticket, state.run, step.name, step.attempt)
        if isinstance(self._world.scripts.fate(self._world.state_dir / folder), Running):
            raise Refused(
                "step_under_way",
                f"The command of {step.name} still runs. Let it end, or resume and cancel with --kill; then take the "
                "release back.",
            )

    def _renewed(self, command: cmd.ResumeRun, state: ReleaseState, phase: Phase) -> ReleasePlan | None:
        """Plan anew where the release goes on from prepare: a fix that came as a commit is taken up."""
        if command.from_phase is not Phase.PREPARE or phase is not Phase.PREPARE:
            return None
        base = parse_sha(required(state.plan).base_sha)
        request = Request(command.ticket, state.options, base, touched_services(state))
        return plan_release(self._world, request, self._record.history())
