"""Plans what is asked of one environment: looks at the record and the world, and changes nothing."""

from __future__ import annotations

import msgspec

from released.adapters.commands.scripts import Running
from released.domain import commands as cmd
from released.domain import events as ev
from released.domain.environments.hold import refuse_held
from released.domain.errors import Refused
from released.domain.ids import Sha
from released.domain.releases import decide, next_steps
from released.domain.releases.plan import ReleasePlan
from released.domain.releases.release import ReleaseState, Reversal
from released.domain.revert.plan import RevertPlan
from released.engine.answers import Answers
from released.engine.instruments import Instruments
from released.engine.previews import RevertPreview, RunPreview, preview_revert, preview_run
from released.engine.record import EnvironmentRecord
from released.engine.slots import attempt_folder
from released.engine.workspace_lock import refuse_if_taken
from released.phases.planning.preflight import plan_release
from released.phases.planning.request import Request
from released.phases.planning.revert_preflight import plan_revert
from released.phases.world import World


class Planner:
    """Says what a command would do, by the code that the command itself goes by."""

    def __init__(self, answers: Answers, record: EnvironmentRecord, world: World, instruments: Instruments) -> None:
        self._answers = answers
        self._record = record
        self._world = world
        self._instruments = instruments

    def run(self, command: cmd.StartRun) -> ReleasePlan:
        """Say what a run would do; fetches, and changes nothing else.

        Raises:
            Refused, InvalidInput: it would be refused.
        """
        state, place = self._answers.release(command.ticket), self._answers.environment()
        decide.admit_start(command, state, place)
        refuse_held(place, self._instruments.now())
        refuse_if_taken(self._world)
        return plan_release(self._world, Request(command.ticket, command.options), self._record.history())

    def revert(self, command: cmd.Revert) -> RevertPlan:
        """Say what a revert would do; changes nothing.

        Raises:
            Refused, InvalidInput: it would be refused.
        """
        stands_at = self._left_by(command)
        state, place = self._answers.release(command.ticket), self._answers.environment()
        if place.lock is not None and place.lock.ticket in command.after:
            place = msgspec.structs.replace(place, lock=None)
        decide.admit_revert(command, state, place)
        self._refuse_under_way(state)
        refuse_if_taken(self._world)
        later = [one for one in self._record.later_than(state) if one.ticket not in command.after]
        return plan_revert(self._world, state, command.options, later, stands_at)

    def _left_by(self, command: cmd.Revert) -> Sha | None:
        """Name the commit whose tree would be checked out once other tickets are taken back; ``None``: as it is."""
        if not command.after:
            return None
        *before, last = command.after
        plan = self.revert(msgspec.structs.replace(command, ticket=last, after=tuple(before)))
        return plan.target_sha or plan.head_sha

    def preview_run(self, command: cmd.StartRun, actor: ev.Actor) -> RunPreview:
        """Show what a run would do.

        Raises:
            Refused, InvalidInput: it would be refused.
        """
        plan = self.run(command)
        requested = ev.RunRequested(0, command.request_id, self._world.name, plan, command.options)
        recorded = ev.Recorded(0, "", 0, "", self._instruments.now(), actor, requested)
        return preview_run(self._world, plan, command.options.skip, recorded)

    def preview_revert(self, command: cmd.Revert, actor: ev.Actor) -> RevertPreview:
        """Show what a revert would do.

        Raises:
            Refused, InvalidInput: it would be refused.
        """
        state, plan = self._answers.release(command.ticket), self.revert(command)
        reversal = Reversal(plan, command.options, 1, state.status, self._instruments.now(), actor)
        return preview_revert(self._world, state, plan, reversal)

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
                next_steps.end_step(state),
            )
