"""What happened in a period, from the runs that history lists."""

from __future__ import annotations

import datetime as dt

from releasectl.views.report import render
from releasectl.views.report.period import Period, period
from releasepb.v1 import history_pb2 as pb
from support.wire_events import BEGAN

HOSTILE = "x</td><script>|"


def run(ticket: str, state: str, took_s: float | None, *halts: tuple[str, float], services: str = "web") -> pb.PastRun:
    """Make a run that began with the others; each halt is a code and the seconds until then."""
    told = pb.PastRun(ticket=ticket, run=1, state=state, by="anna", services=services.split())
    told.started_at.FromDatetime(BEGAN.replace(tzinfo=None))
    if took_s is not None:
        told.ended_at.FromDatetime((BEGAN + dt.timedelta(seconds=took_s)).replace(tzinfo=None))
    for code, after_s in halts:
        halt = told.halts.add(code=code, cause="failed", phase="migrate")
        halt.at.FromDatetime((BEGAN + dt.timedelta(seconds=after_s)).replace(tzinfo=None))
    return told


def told(*runs: pb.PastRun) -> Period:
    """Tell of these runs."""
    return period("prod", runs, BEGAN, BEGAN + dt.timedelta(days=1), is_cut=False)


def test_runs_are_counted_by_how_they_stand_and_what_they_halted_with() -> None:
    found = told(
        run("3", "halted", None, ("unhealthy", 30)),
        run("2", "released", 400, ("unhealthy", 100), ("script_failed", 200), services="web front"),
        run("1", "released", 60),
        run("0", "released", 80),
    )
    assert (found.states, found.halted) == ([("released", 3), ("halted", 1)], 2)
    assert found.codes == [("unhealthy", 2), ("script_failed", 1)]
    assert (found.usual_took, found.usual_mended) == ("1m10s", "5m00s")
    assert [(one.name, one.runs, one.halted) for one in found.services] == [("front", 1, 1), ("web", 4, 2)]


def test_a_period_without_runs_has_a_page() -> None:
    assert "no run went through without a halt" in render.page(told())
    assert "0 runs, of which 0 halted" in render.draft(told())


def test_what_others_wrote_stays_text() -> None:
    found = told(run("1", "released", 60, services=HOSTILE))
    assert "<script" not in render.page(found)
    assert "| x\\</td\\>\\<script\\>\\| |" in render.draft(found)
