"""How long each phase took in past releases of an environment, for the live view."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Sequence

from released.domain import events as ev
from released.domain.ids import Phase


def median_durations_s(histories: Iterable[Sequence[ev.Recorded]]) -> dict[Phase, float]:
    """Give the median duration of each phase over finished phases of these histories, in seconds."""
    durations: dict[Phase, list[float]] = {}
    for events in histories:
        for phase, seconds in _durations(events):
            durations.setdefault(phase, []).append(seconds)
    return {phase: statistics.median(values) for phase, values in durations.items()}


def _durations(events: Sequence[ev.Recorded]) -> Iterable[tuple[Phase, float]]:
    started: dict[Phase, dt.datetime] = {}
    for recorded in events:
        match recorded.event:
            case ev.PhaseStarted(phase=phase):
                started.setdefault(phase, recorded.at)
            case ev.PhaseCompleted(phase=phase) if phase in started:
                yield phase, (recorded.at - started.pop(phase)).total_seconds()
            case ev.Halted(phase=phase):
                started.pop(phase, None)
            case _:
                pass
