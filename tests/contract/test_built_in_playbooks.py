"""The playbooks that ship with the product are without fault, and none is there without its failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from released.domain.playbooks.matching import match
from released.domain.playbooks.recorded_failure import last_failure
from support.failing import UNKNOWN
from support.given_when_then import recorded
from support.playbook_matches import built_in

TESTS = Path(__file__).resolve().parents[1] / "e2e" / "playbooks"


def test_a_test_really_produces_the_failure_of_every_playbook() -> None:
    tests = "".join(file.read_text(encoding="utf-8") for file in TESTS.glob("test_of_*.py"))

    assert [playbook.id for playbook in built_in() if f'"{playbook.id}"' not in tests] == []


@pytest.mark.parametrize("code", UNKNOWN)
def test_none_claims_a_failure_that_nobody_knows(code: str) -> None:
    failure = last_failure(recorded(*UNKNOWN[code]))

    assert failure is not None
    assert match(built_in(), failure.facts) == ()
