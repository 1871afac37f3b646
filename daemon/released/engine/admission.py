"""Says whether a command could be done now, before anybody is asked for its reason or for a yes."""

from __future__ import annotations

from released.domain import commands as cmd
from released.domain.releases import decide
from released.engine.answers import Answers


class Admission:
    """One environment's admission: decides as its desk would, and records nothing."""

    def __init__(self, answers: Answers, environment: str) -> None:
        self._answers = answers
        self._environment = environment

    def check(self, command: cmd.ResumeRun | cmd.Cancel | cmd.Resolve | cmd.ReleaseLock) -> None:
        """Refuse what could not be done now.

        Raises:
            Refused, InvalidInput: see ``admit_resume``, ``cancel``, ``resolve``, ``occupant`` and ``abandon`` in
                ``decide``.
        """
        match command:
            case cmd.ResumeRun(ticket=ticket):
                decide.admit_resume(command, self._answers.release(ticket))
            case cmd.Cancel(ticket=ticket):
                decide.cancel(command, self._answers.release(ticket))
            case cmd.Resolve(ticket=ticket):
                decide.resolve(command, self._answers.release(ticket))
            case cmd.ReleaseLock(request_id=request_id, reason=reason):
                ticket = decide.occupant(self._answers.environment(), self._environment)
                decide.abandon(cmd.Abandon(ticket, request_id, reason), self._answers.release(ticket))
