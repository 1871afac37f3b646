"""Keeps releases out of an environment, and lets them in again, as operators ask."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.environments.environment import Hold
from released.domain.environments.hold import admit_change, refuse_overtaken
from released.domain.ids import RequestId
from released.engine.answers import Answers, Asked, Decided
from released.engine.instruments import Instruments


class Holds:
    """One environment's holds; they wait for no other command."""

    def __init__(self, answers: Answers, instruments: Instruments) -> None:
        self._answers = answers
        self._instruments = instruments

    def present(self) -> Hold | None:
        """Give the hold that applies now; one whose time is over does not."""
        return self._answers.environment().hold_at(self._instruments.now())

    def change(self, event: ev.Held | ev.Unheld, actor: ev.Actor) -> None:
        """Keep releases out, or let them in again; sent twice it acts once.

        Raises:
            InvalidInput: the request's id was used for something else.
            Refused: see ``admit_change`` and ``refuse_overtaken``; it is on record.
        """

        def decided() -> Decided:
            place = self._answers.environment()
            admit_change(event, place, self._instruments.now())
            return Decided(place, [event])

        name = "hold" if isinstance(event, ev.Held) else "unhold"
        asked = Asked(name, None, RequestId(event.request_id), actor)
        given = self._answers.answer(asked, decided, lambda: None)
        refuse_overtaken(given, event, self._answers.environment())
