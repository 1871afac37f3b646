"""What happened in an environment in a period: how many runs, how they came out, what they halted with."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from releasectl.text.durations import format_duration
from releasectl.text.sanitize import one_line
from releasectl.text.times import moment, seconds_stamp
from releasepb.v1 import history_pb2 as pb


@dataclass(frozen=True)
class RunLine:
    """A run in one line, and what went wrong in it."""

    ticket: str
    run: int
    state: str
    began: str
    took: str
    by: str
    services: str
    remarks: Sequence[str]
    """Its halts, and steps that were slow."""


@dataclass(frozen=True)
class ServiceLine:
    """What befell a service."""

    name: str
    runs: int
    halted: int
    """Runs that halted, whatever with."""
    last: str
    """When a run last changed it."""


@dataclass(frozen=True)
class Period:
    """All facts about a period."""

    environment: str
    since: str
    until: str
    runs: Sequence[RunLine]
    states: Sequence[tuple[str, int]]
    """State to how many runs are in it, the most first."""
    halted: int
    """Runs that halted at least once."""
    codes: Sequence[tuple[str, int]]
    """What runs halted with, the most frequent first."""
    usual_took: str
    """The median of runs that did not halt; empty where there is none."""
    usual_mended: str
    """The median from the first halt to the end of a run; empty where there is none."""
    services: Sequence[ServiceLine]
    is_cut: bool
    """Whether there are older runs that were not told."""


def period(
    environment: str, runs: Sequence[pb.PastRun], since: dt.datetime, until: dt.datetime, *, is_cut: bool
) -> Period:
    """Read the facts out of runs, the one that began last first."""
    halted = [run for run in runs if run.halts]
    smooth_s = [_seconds(run) for run in runs if run.HasField("ended_at") and not run.halts]
    mended_s = [_since_halt_s(run) for run in halted if run.HasField("ended_at")]
    return Period(
        environment=one_line(environment),
        since=f"{since:%Y-%m-%dT%H:%M:%SZ}",
        until=f"{until:%Y-%m-%dT%H:%M:%SZ}",
        runs=[_line(run) for run in runs],
        states=Counter(one_line(run.state).replace("_", " ") for run in runs).most_common(),
        halted=len(halted),
        codes=Counter(one_line(halt.code or halt.cause) for run in runs for halt in run.halts).most_common(),
        usual_took=format_duration(median(smooth_s)) if smooth_s else "",
        usual_mended=format_duration(median(mended_s)) if mended_s else "",
        services=_services(runs),
        is_cut=is_cut,
    )


def _line(run: pb.PastRun) -> RunLine:
    halts = [f"halted: {one_line(one.code or one.cause)} at {one_line(one.step or one.phase)}" for one in run.halts]
    slow = [f"slow: {one_line(one.step)} took {format_duration(one.took_s)}" for one in run.slow_steps]
    return RunLine(
        ticket=one_line(run.ticket),
        run=run.run,
        state=one_line(run.state).replace("_", " "),
        began=seconds_stamp(run.started_at),
        took=format_duration(_seconds(run)) if run.HasField("ended_at") else "",
        by=one_line(run.by),
        services=", ".join(map(one_line, run.services)),
        remarks=[*halts, *slow],
    )


def _services(runs: Sequence[pb.PastRun]) -> list[ServiceLine]:
    names = sorted({name for run in runs for name in run.services})
    return [_service(name, [run for run in runs if name in run.services]) for name in names]


def _service(name: str, runs: Sequence[pb.PastRun]) -> ServiceLine:
    halted = sum(bool(run.halts) for run in runs)
    return ServiceLine(one_line(name), len(runs), halted, max(seconds_stamp(run.started_at) for run in runs))


def _seconds(run: pb.PastRun) -> float:
    return max((moment(run.ended_at) - moment(run.started_at)).total_seconds(), 0.0)


def _since_halt_s(run: pb.PastRun) -> float:
    return max((moment(run.ended_at) - min(moment(halt.at) for halt in run.halts)).total_seconds(), 0.0)
