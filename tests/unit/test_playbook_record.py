"""When a playbook counts as confirmed, and when as one that worked."""

from __future__ import annotations

import pytest

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.playbooks.record import proven
from support.given_when_then import (
    REQUEST,
    halted,
    prepared,
    recorded,
    refused,
    requested,
    resumed,
    started,
)

FAILED = [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)]
APPLIED = ev.PlaybookApplied(REQUEST, "unwell", "fix", "docker restart web")
NAMED = ev.Resumed(REQUEST, Phase.MIGRATE, anew=False, reason="", playbook="unwell")
OVER = ev.PhaseCompleted(Phase.MIGRATE)


@pytest.mark.parametrize(
    ("events", "confirmed", "worked"),
    [
        ([*FAILED, resumed(Phase.MIGRATE), OVER], 0, 0),
        ([*FAILED, APPLIED], 1, 0),
        ([*FAILED, APPLIED, APPLIED, resumed(Phase.MIGRATE), OVER], 1, 1),
        ([*FAILED, NAMED, OVER], 1, 1),
        ([*FAILED, APPLIED, NAMED, OVER], 1, 1),
        ([*FAILED, NAMED, halted(Phase.MIGRATE), resumed(Phase.MIGRATE), OVER], 1, 0),
        ([*FAILED, NAMED, halted(Phase.MIGRATE), NAMED, OVER], 2, 1),
        ([refused(), APPLIED, requested()], 1, 1),
    ],
    ids=[
        "nobody named it",
        "applied, and that is all",
        "applied, and it went on",
        "named in going on",
        "applied and named is once",
        "it failed again, and something else helped",
        "it failed again, and it was that again",
        "a refusal",
    ],
)
def test_a_playbook_is_counted_once_for_each_failure(events: list[ev.Event], confirmed: int, worked: int) -> None:
    counts = proven(recorded(*events))

    assert (counts.confirmed["unwell"], counts.worked["unwell"]) == (confirmed, worked)
