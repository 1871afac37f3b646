"""A moment in the past, and what had happened by then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from released.domain.events import Recorded

Moment = dt.datetime | int
"""A time, or the number of an event in its stream."""


def until(events: Sequence[Recorded], moment: Moment) -> Sequence[Recorded]:
    """Give what was on record of a stream at a moment.

    Events are ordered by their number, not by time: where the clock went back, what stands before an event that had
    taken place had taken place, too.
    """
    if isinstance(moment, int):
        return events[:moment]
    last = next((number for number in range(len(events), 0, -1) if events[number - 1].at <= moment), 0)
    return events[:last]
