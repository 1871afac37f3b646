"""Each event as one plain line for people."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.narration import line


def test_a_failed_step_is_named_once_where_its_failure_begins_with_the_name() -> None:
    failure = Failure("unhealthy", "✗ wiki.healthy: unhealthy\n✗ http-health: HTTP 404 (wiki)")
    assert line(ev.StepFailed("wiki.healthy", 1, failure)) == "  ✗ wiki.healthy: unhealthy"
