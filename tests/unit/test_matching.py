"""Which playbooks tell of a failure, and in which order."""

from __future__ import annotations

import pytest

from released.domain.playbooks.matching import Facts, Match, match
from released.domain.playbooks.playbook import Fix, Playbook


def playbook(name: str, symptom: str, services: tuple[str, ...] = (), tags: tuple[str, ...] = ("release",)) -> Playbook:
    fix = Fix(adhoc="releasectl resume 1234")
    return Playbook(id=name, symptom=symptom, root_cause="-", fix=fix, services=list(services), tags=list(tags))


def matched(facts: Facts, *playbooks: Playbook) -> list[str]:
    return [found.playbook.id for found in match(playbooks, facts)]


def the_match(facts: Facts, *playbooks: Playbook) -> Match:
    (found,) = match(playbooks, facts)
    return found


def printed(*texts: str) -> Facts:
    return Facts(phase="", code="", services=(), texts=texts)


DRIFT = playbook("drift", "✗ <service>.image: got <running>, expected <manifest>")
PULL = playbook("pull", "pull access denied\nmanifest unknown")
FORBIDDEN = playbook("forbidden", "403 <…> Forbidden\nForbidden")


# --- what matches --------------------------------------------------------------------------------------------------


def test_a_symptom_line_that_stands_in_the_output_matches() -> None:
    assert matched(printed("Error: manifest unknown: no such tag\n"), DRIFT, PULL) == ["pull"]


def test_one_line_of_several_is_enough() -> None:
    found = the_match(printed("first\nError: pull access denied for x"), PULL)
    assert [(line.symptom, line.recorded) for line in found.found] == [
        ("pull access denied", "Error: pull access denied for x")
    ]


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("✗ web.image: got web:1, expected web:2", True),
        ("✗ web.image: expected web:2, got web:1", False),
        ("✗ web.image: got web:1\n, expected web:2", False),
    ],
    ids=["in order", "in another order", "across lines"],
)
def test_a_wildcard_stands_for_anything_within_a_line(text: str, *, matches: bool) -> None:
    assert bool(matched(printed(text), DRIFT)) is matches


def test_colours_of_the_output_hide_nothing() -> None:
    assert matched(printed("\x1b[1mmanifest \x1b[31munknown\x1b[0m"), PULL) == ["pull"]


def test_symptoms_are_found_as_they_are_written() -> None:
    assert matched(printed("MANIFEST UNKNOWN"), PULL) == []


def test_the_mark_in_front_of_a_shown_message_need_not_be_on_record() -> None:
    entry = playbook("dirty", "[ERROR] Working tree is dirty.")
    assert matched(printed("Working tree is dirty. These paths differ:"), entry) == ["dirty"]


def test_an_entry_with_prose_in_its_symptom_is_found_by_its_other_lines() -> None:
    entry = playbook("prose", "The release stands still in verify.\n\n  no route to host\n")
    assert matched(printed("connect: no route to host"), entry) == ["prose"]


def test_a_failure_that_nobody_knows_matches_nothing() -> None:
    assert matched(Facts("ticket", "script_failed", ("web",), ("boom",)), DRIFT, PULL, FORBIDDEN) == []


def test_no_circumstance_stands_for_a_symptom() -> None:
    entry = playbook("tags", "manifest unknown", ("web",), ("ticket", "script-failed"))
    assert matched(Facts("ticket", "script_failed", ("web",), ("boom",)), entry) == []


def test_what_is_said_of_every_failure_matches_nothing() -> None:
    entry = playbook("every", "[ERROR]\nrelease-run failed in phase <phase>. To roll back:")
    assert matched(printed("[ERROR] x\nrelease-run failed in phase verify. To roll back:"), entry) == []


def test_a_word_that_many_entries_know_is_no_symptom_alone() -> None:
    word = playbook("word", "failed")
    others = (playbook(f"other-{number}", f"the {number}th thing failed") for number in range(3))
    assert matched(printed("it failed"), word, *others) == []


# --- in which order ------------------------------------------------------------------------------------------------


def test_a_long_line_weighs_more_than_a_short_one() -> None:
    short, long = playbook("a-short", "Forbidden"), playbook("b-long", "Forbidden: the key of <target> is stale")
    assert matched(printed("Forbidden: the key of redmine is stale"), short, long) == ["b-long", "a-short"]


def test_a_line_that_many_entries_know_weighs_less_than_a_rare_one_of_its_length() -> None:
    common = [playbook(f"a-{number}", "connection refused") for number in range(3)]
    rare = playbook("b-rare", "password rejected")
    assert matched(printed("connection refused\npassword rejected"), *common, rare)[0] == "b-rare"


def test_two_lines_weigh_more_than_one_of_them() -> None:
    one, two = playbook("a-one", "no route to host"), playbook("b-two", "no route to host\ndial tcp <address>")
    assert matched(printed("dial tcp 10.0.0.1:5432\nno route to host"), one, two)[0] == "b-two"


@pytest.mark.parametrize(
    ("facts", "tags", "services", "reason"),
    [
        (Facts("verify", "", (), ("no route to host",)), ("verify",), (), "its tags name phase verify"),
        (
            Facts("", "probe_failed", (), ("no route to host",)),
            ("probe-failed",),
            (),
            "its tags name the failure code probe_failed",
        ),
        (Facts("", "", ("web",), ("no route to host",)), (), ("web", "db"), "it is about web, db"),
    ],
    ids=["phase", "code", "service"],
)
def test_a_circumstance_decides_between_equal_symptoms(
    facts: Facts, tags: tuple[str, ...], services: tuple[str, ...], reason: str
) -> None:
    plain = playbook("a-plain", "no route to host")
    best = match((plain, playbook("b-named", "no route to host", services, tags)), facts)[0]
    assert (best.playbook.id, best.reasons) == ("b-named", (reason,))


@pytest.mark.parametrize(
    ("tags", "services"), [(("verify",), ()), ((), ("db",))], ids=["another phase", "another service"]
)
def test_a_circumstance_that_contradicts_ranks_an_entry_lower(tags: tuple[str, ...], services: tuple[str, ...]) -> None:
    facts = Facts("migrate", "", ("web",), ("no route to host",))
    named = playbook("a-named", "no route to host", services, tags)
    found = match((named, playbook("b-plain", "no route to host")), facts)
    assert [one.playbook.id for one in found] == ["b-plain", "a-named"]
    assert "speaks against it" in found[1].reasons[0]


def test_a_score_lies_between_0_and_1() -> None:
    scores = [found.score for found in match((DRIFT, FORBIDDEN), printed("Forbidden\n✗ a.image: got b, expected c"))]
    assert all(0 < score < 1 for score in scores)
    assert scores == sorted(scores, reverse=True)


def test_many_wildcards_cost_no_time() -> None:
    entry = playbook("hostile", "x" + "<…>a" * 200 + "b")
    assert matched(printed("x" + "a" * 100_000), entry) == []
