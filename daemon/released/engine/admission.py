"""Says whether a command could be done now, before anybody is asked for its reason or for a yes."""

from __future__ import annotations

from released.domain import commands as cmd
from released.domain.environments.environment import EnvironmentState
from released.domain.environments.hook import refuse_while_hook_runs
from released.domain.errors import Refused
from released.domain.ids import Phase
from released.domain.releases import decide
from released.domain.releases.release import ReleaseState
from released.engine.answers import Answers
from released.engine.ownership import Ownership
from released.engine.workspace_lock import refuse_if_taken
from released.phases.checkout import moved
from released.phases.world import World


def admit_resume(command: cmd.ResumeRun, state: ReleaseState, place: EnvironmentState, world: World) -> Phase:
    """Look whether a halted release can go on now, and in which phase; changes nothing.

    Raises:
        Refused, InvalidInput: see ``decide.admit_resume``; a hook runs by hand, the checkout is not where the release
            left it, or another tool holds the workspace.
    """
    phase = decide.admit_resume(command, state)
    refuse_while_hook_runs(place)
    _refuse_moved(world, state)
    refuse_if_taken(world)
    return phase


def _refuse_moved(world: World, state: ReleaseState) -> None:
    """HEAD must be where the release left it, at every resume (spec: verify)."""
    head = world.git.state().head
    if not state.may_stand_at(head):
        failure = moved(world, state, head)
        raise Refused(failure.code, failure.message, failure.next)


class Admission:
    """One environment's admission: decides as its desk would, and records nothing."""

    def __init__(self, answers: Answers, ownership: Ownership, world: World) -> None:
        self._answers = answers
        self._ownership = ownership
        self._world = world

    def check(self, command: cmd.ResumeRun | cmd.Cancel | cmd.Resolve | cmd.ReleaseLock) -> None:
        """Refuse what could not be done now.

        Raises:
            Refused, InvalidInput: see ``admit_resume``, and ``cancel``, ``resolve``, ``occupant`` and ``abandon`` in
                ``decide``; and ``Ownership``.
        """
        self._ownership.affirm()
        match command:
            case cmd.ResumeRun(ticket=ticket):
                admit_resume(command, self._answers.release(ticket), self._answers.environment(), self._world)
            case cmd.Cancel(ticket=ticket):
                decide.cancel(command, self._answers.release(ticket))
            case cmd.Resolve(ticket=ticket):
                decide.resolve(command, self._answers.release(ticket))
            case cmd.ReleaseLock(request_id=request_id, reason=reason):
                ticket = decide.occupant(self._answers.environment(), self._world.name)
                decide.abandon(cmd.Abandon(ticket, request_id, reason), self._answers.release(ticket))
