"""Each event as one plain line for people."""

from __future__ import annotations

import msgspec
import pytest

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase, ServiceName
from released.domain.releases.narration import line
from released.domain.releases.plan import Executable
from support.given_when_then import (
    BASE,
    MERGE,
    REQUEST,
    TAKEN_BACK,
    plan,
    requested,
    resumed,
    revert_plan,
    revert_requested,
    started,
)
from support.store import SAMPLES


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


def test_a_comparison_after_a_restart_of_the_host_tells_what_was_done_and_what_is_missing() -> None:
    assert line(ev.Reconciled("boot-2")) == "the host was restarted: all is as the record says"
    assert line(ev.Reconciled("boot-2", ("old was removed: why",), ("new is gone",))) == (
        "the host was restarted: old was removed: why; new is gone"
    )


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_no_event_is_told_by_the_name_of_its_type(event: ev.Event) -> None:
    assert type(event).__name__ not in line(event)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_every_event_is_told_in_one_line(event: ev.Event) -> None:
    assert len(line(event).splitlines()) == 1


def succeeded(step: str, result: ev.Result) -> ev.StepSucceeded:
    return ev.StepSucceeded(step, 1, result)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (requested(), "run 1 of 1234: aaaaaaaaaaaa..bbbbbbbbbbbb, web"),
        (
            requested(msgspec.structs.replace(plan(services=()), warnings=("packages/old is gone",))),
            "run 1 of 1234: aaaaaaaaaaaa..bbbbbbbbbbbb, no service; warning: packages/old is gone",
        ),
        (revert_requested(), "taking run 1 of 1234 back: tree of aaaaaaaaaaaa, web"),
        (
            revert_requested(revert_plan(["db", "web"], target=None)),
            "taking run 1 of 1234 back: the code stays, db, web",
        ),
        (
            revert_requested(revert_plan(target=MERGE, undoes=True)),
            "taking the revert of 1234 back: tree of bbbbbbbbbbbb, web",
        ),
        (started(Phase.REVERT, "revert.code"), "revert: start, 1 steps"),
        (succeeded("revert.code", ev.CheckoutMoved(TAKEN_BACK)), "  ✓ revert.code: at dddddddddddd"),
        (succeeded("revert.web.restore", ev.DataRestored("web", "20260518_1")), "  ✓ revert.web.restore: 20260518_1"),
        (succeeded("revert.push", ev.Pushed(TAKEN_BACK)), "  ✓ revert.push: dddddddddddd"),
        (
            succeeded("revert.push", ev.Pushed(TAKEN_BACK, "main has moved on:\n  eeee fix")),
            "  ✓ revert.push: dddddddddddd was not pushed, main has moved on:",
        ),
        (ev.Reverted(1), "run 1: taken back"),
        (ev.RevertUndone(1), "run 1: the revert is taken back, released"),
        (resumed(Phase.REVERT, reason="made room"), "revert: resumed, made room"),
        (
            ev.Adopted(2, REQUEST, plan(), "the daemon was down"),
            "run 2 of 1234: done by hand, aaaaaaaaaaaa..bbbbbbbbbbbb, the daemon was down",
        ),
        (
            ev.ReturnStarted(REQUEST, "hotfix-7", BASE, MERGE, BASE),
            "going back from branch hotfix-7 to bbbbbbbbbbbb",
        ),
        (ev.ReturnEnded(REQUEST), "went back from the hotfix branch"),
        (
            ev.ReturnEnded(REQUEST, Failure("fast_forward_failed", "git failed\nfatal: …")),
            "did not go back: git failed",
        ),
    ],
)
def test_the_way_back_is_told_in_a_line(event: ev.Event, expected: str) -> None:
    assert line(event) == expected
