"""How often the supervisor hears from the daemon (sd_watchdog_enabled(3))."""

from __future__ import annotations

import pytest

from released.sd_notify import heartbeat_s

PID = 4711


@pytest.mark.parametrize(
    ("variables", "interval_s"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "4711"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "often"}, None),
        ({}, None),
    ],
)
def test_the_daemon_is_heard_twice_in_the_time_that_was_allowed_to_it(
    variables: dict[str, str], interval_s: float | None
) -> None:
    assert heartbeat_s(variables, PID) == interval_s
