"""What the playbook that tells best of a failure has to offer after a diagnosis."""

from __future__ import annotations

import pytest

from released.domain import events as ev
from released.domain.diagnosis.diagnose import Past, diagnose
from released.domain.diagnosis.document import Diagnosis, Present
from released.domain.diagnosis.playbook_way import playbook_way
from released.domain.ids import Phase
from released.domain.playbooks.matching import Facts, match
from released.domain.playbooks.playbook import CATCH_ALL, Detection, Fix, Playbook
from support.given_when_then import BEGIN, REQUEST, TICKET, halted, prepared, recorded, requested, started, whole_run

LOOK, APPLY = f"playbook match {TICKET} --detect", f"playbook apply search-index {TICKET}"
HALTED = [requested(), *prepared(), started(Phase.MIGRATE), halted(Phase.MIGRATE)]
KNOWN = Playbook(
    id="search-index",
    symptom="no such index: articles",
    detection=[Detection(command="echo x", expect="x")],
    root_cause="-",
    fix=Fix(adhoc="echo mended"),
)
SOMETHING = KNOWN.model_copy(update={"id": "something", "tags": [CATCH_ALL]})


def told(*events: ev.Event) -> Diagnosis:
    return diagnose(TICKET, recorded(*events), Past(), Present(BEGIN))


def offered(
    *playbooks: Playbook, of: list[ev.Event] = HALTED, found: bool | None = None, may: bool = True
) -> list[str]:
    check = ev.DetectionCheck("echo x", 0, bool(found))
    ran = {} if found is None else {"search-index": ev.DetectionRan(REQUEST, "search-index", 1, (check,))}
    matches = match(playbooks, Facts("", "", (), ("no such index: articles",)))
    way = list(playbook_way(told(*of), matches, ran, may_look=may))
    assert all(command.condition for command in way)
    return [" ".join(command.argv[1:]) for command in way]


def test_a_playbook_is_offered_to_look_and_to_be_applied() -> None:
    assert offered(KNOWN) == [LOOK, APPLY]


@pytest.mark.parametrize(("found", "way"), [(True, [APPLY]), (False, [])])
def test_once_it_has_looked_it_is_applied_where_it_applies(found: bool, way: list[str]) -> None:  # noqa: FBT001 (a parameter of the test)
    assert offered(KNOWN, found=found) == way


def test_where_no_detection_may_run_none_is_offered() -> None:
    assert offered(KNOWN, may=False) == [APPLY]


def test_one_that_only_knows_that_something_failed_has_nothing_to_offer() -> None:
    assert offered(SOMETHING) == []


def test_where_no_playbook_tells_of_it_none_is_offered() -> None:
    assert offered() == []


def test_once_the_release_is_over_nothing_is_applied() -> None:
    assert offered(KNOWN, of=whole_run()) == []
