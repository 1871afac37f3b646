"""A playbook that is drafted from the record: in the fixed form, of the real text, ready for review."""

from __future__ import annotations

import pytest

from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.playbooks.draft import draft
from released.domain.playbooks.matching import Facts, match
from released.domain.playbooks.playbook import Playbook, read_playbooks
from support.given_when_then import REQUEST, prepared, recorded, requested, started

OUTPUT = (
    "checking\n\x1b[31mno such index: articles of 1234\x1b[0m\n  at 0123456789abcdef0123456789abcdef01234567: 'x' <y>\n"
)
FAILURE = Failure("script_failed", "releases/1234-a.sh ended with exit code 3. To reproduce it: cd /opt && x", 3)
FACTS = Facts("ticket", "script_failed", ("wiki",), (FAILURE.message, OUTPUT))
EVENTS = [
    requested(),
    *prepared(),
    started(Phase.MIGRATE),
    ev.Halted(Phase.MIGRATE, "failed", None, FAILURE),
    ev.DetectionRan(
        REQUEST, "script-failed", 8, (ev.DetectionCheck("ls 'a b'", 0, matched=True, output="one\ntwo\n"),)
    ),
    ev.PlaybookApplied(REQUEST, "other", "fix", "docker restart wiki"),
    ev.Noted(REQUEST, "the index was: never made"),
    ev.Resumed(REQUEST, Phase.MIGRATE, anew=False, reason="made the index"),
]


def drafted(facts: Facts = FACTS) -> Playbook:
    record = recorded(*EVENTS)
    halt = next(one for one in record if isinstance(one.event, ev.Halted))
    text = draft("1234", halt, facts, record, ["releasectl services run wiki make-index"])
    library = read_playbooks([("draft.yaml", text.encode())])
    assert library.problems == (), text
    return library.playbooks[0]


def test_its_symptom_is_the_real_text_with_wildcards_for_what_differs_each_time() -> None:
    assert drafted().symptom.splitlines() == [
        "checking",
        "no such index: articles of <ticket>",
        "at <commit>: 'x' <y>",
    ]


def test_it_tells_of_the_failure_that_it_was_drafted_from() -> None:
    assert [one.playbook.id for one in match([drafted()], FACTS)] == ["script-failed-1234"]


def test_its_detection_is_what_was_run() -> None:
    assert [(one.command, one.expect) for one in drafted().detection] == [("ls 'a b'", "one")]


def test_its_cause_and_its_repair_are_what_people_said_and_did() -> None:
    playbook = drafted()

    assert playbook.root_cause.splitlines() == ["the index was: never made", "made the index"]
    assert playbook.fix.adhoc.splitlines() == [
        "docker restart wiki",
        "releasectl services run wiki make-index",
        "# the index was: never made",
        "# made the index",
        "releasectl run <ticket> --from=ticket --playbook script-failed-1234",
    ]


@pytest.mark.parametrize(
    "text", ["x", "- a: {b\n#c", "\t\0 <only wildcard>", '"quoted": |', "release-run failed in phase x."]
)
def test_whatever_was_printed_it_keeps_the_form(text: str) -> None:
    drafted(FACTS._replace(texts=(FAILURE.message, text)))
