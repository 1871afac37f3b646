"""Each event as one plain line for people."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import ServiceName
from released.domain.narration import line
from released.domain.plan import Executable


def test_a_failed_step_is_named_once_where_its_failure_begins_with_the_name() -> None:
    failure = Failure("unhealthy", "✗ wiki.healthy: unhealthy\n✗ http-health: HTTP 404 (wiki)")
    assert line(ev.StepFailed("wiki.healthy", 1, failure)) == "  ✗ wiki.healthy: unhealthy"


def test_a_hook_that_was_run_by_hand_is_told_with_its_reason_and_its_end() -> None:
    hook = Executable("packages/wiki/scripts/renew.sh", "c" * 40)
    began = ev.HookStarted("request-1", ServiceName("wiki"), hook, "stale key", "boot-1")
    ended = ev.HookEnded("request-1", Failure("script_failed", "renew.sh ended with 7.\nmore", 7))
    assert [line(event) for event in (began, ended, ev.HookEnded("request-1"))] == [
        "by hand: packages/wiki/scripts/renew.sh, stale key",
        "by hand: failed, renew.sh ended with 7.",
        "by hand: done",
    ]
