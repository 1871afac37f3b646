"""The two files per ticket that operators and scripts read, as text rendered from events (spec: Files)."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.releases import release

EXIT_NOTHING_TO_DO = 5


def render_env(events: Iterable[ev.Recorded]) -> str:
    """Render ``<ticket>.env`` of the latest run; a key stands there once its value is known."""
    return _env(release.fold(events))


def _env(state: release.ReleaseState) -> str:
    if state.plan is None:
        return ""
    lines = {"TICKET": state.ticket, "BASE_SHA": state.plan.base_sha, "MERGE_SHA": state.plan.merge_sha}
    lines["SERVICES"] = f'"{" ".join(service.name for service in state.plan.services)}"'
    backups = [f"{backup.service}={backup.stamp}" for backup in state.results(ev.BackedUp, Phase.PREPARE)]
    if backups:
        lines["BACKUPS"] = f'"{" ".join(backups)}"'
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def render_log(events: Iterable[ev.Recorded]) -> str:
    """Render ``<ticket>.log``: one line per phase event, all runs appended."""
    lines: list[str] = []
    state = release.ReleaseState()
    for recorded in events:
        lines += [_line(recorded.at, state.ticket or _ticket(recorded), *entry) for entry in _entries(recorded, state)]
        state = release.evolve(state, recorded)
    return "".join(lines)


def _ticket(recorded: ev.Recorded) -> str:
    return recorded.stream.rsplit("/", 1)[-1]


def _line(at: dt.datetime, ticket: str, phase: Phase, event: str, rc: int | None) -> str:
    suffix = "" if rc is None else f" rc={rc}"
    return f"{at:%Y-%m-%dT%H:%M:%SZ} ticket={ticket} phase={phase} event={event}{suffix}\n"


Entry = tuple[Phase, str, int | None]


def _entries(recorded: ev.Recorded, state: release.ReleaseState) -> Iterator[Entry]:
    """Name the phase, the event and its rc of the lines that one event adds."""
    match recorded.event:
        case ev.PhaseStarted(phase=phase) if state.phases.get(phase) != "running":
            yield phase, "start", None
        case ev.PhaseCompleted(phase=phase):
            nothing = state.plan is not None and state.plan.nothing_to_do
            yield phase, "done", EXIT_NOTHING_TO_DO if nothing else 0
        case ev.PhaseSkipped(phase=phase):
            yield phase, "skipped", None
        case ev.Halted() as halted:
            yield halted.phase, *_halt(halted)
        case ev.Resumed(phase=phase):
            yield phase, "resumed", None
        case ev.Recovered(phase=phase) if state.phases.get(phase) == "running":
            yield phase, "interrupted", None
            yield phase, "resumed", None
        case _:
            pass


def _halt(halted: ev.Halted) -> tuple[str, int | None]:
    match halted.cause:
        case "interrupted" | "in_doubt":
            return "interrupted", None
        case "cancelled" | "held":
            return halted.cause, None
        case _:
            return "failed", halted.failure.rc


def is_ours(content: str, events: Sequence[ev.Recorded], *, log: bool) -> bool:
    """Tell whether a file's content is what we wrote at some earlier point of this history."""
    if log:
        return render_log(events).startswith(content)
    states = itertools.accumulate(events, release.evolve, initial=release.ReleaseState())
    return any(_env(state) == content for state in states if state.version)
