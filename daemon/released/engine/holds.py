"""Keeps releases out of an environment, and lets them in again, as operators ask."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.hold import refuse_overtaken
from released.domain.ids import RequestId
from released.engine.answers import Answers, Asked, Decided


class Holds:
    """One environment's holds; they wait for no other command."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def change(self, event: ev.Held | ev.Unheld, actor: ev.Actor) -> None:
        """Keep releases out, or let them in again; sent twice it acts once.

        Raises:
            InvalidInput: the request's id was used for something else.
            Refused: see ``refuse_overtaken``.
        """
        name = "hold" if isinstance(event, ev.Held) else "unhold"
        asked = Asked(name, None, RequestId(event.request_id), actor)
        given = self._answers.answer(asked, lambda: Decided(self._answers.environment(), [event]), lambda: None)
        refuse_overtaken(given, event, self._answers.environment())
