"""How status shows a release that waits for a decision."""

from __future__ import annotations

import datetime as dt

import pytest

from releasectl.settings import Settings
from releasectl.views.status import print_release
from releasepb.v1 import releases_pb2 as pb

LAST = dt.datetime(2026, 5, 18, 17, 30, tzinfo=dt.UTC)


def halted(reminders: int) -> pb.Release:
    release = pb.Release(summary=pb.ReleaseSummary(ticket="1234", run=1, state="halted", phase="ticket"))
    release.standstill.since.FromDatetime(dt.datetime.now(dt.UTC) - dt.timedelta(hours=2, minutes=5))
    if reminders:
        release.standstill.reminders = reminders
        release.standstill.reminded_at.FromDatetime(LAST)
    return release


@pytest.mark.parametrize(
    ("reminders", "shown"),
    [
        (0, "halted       for 2h05m"),
        (1, "halted       for 2h05m, reminded once (last 2026-05-18 17:30:00Z)"),
        (4, "halted       for 2h05m, reminded 4 times (last 2026-05-18 17:30:00Z)"),
    ],
)
def test_a_halted_release_is_shown_with_how_long_it_waits_and_how_often_it_said_so(
    reminders: int, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_release(halted(reminders), Settings(no_color=True))

    assert f"  {shown}" in [line.rstrip() for line in capsys.readouterr().out.splitlines()]
