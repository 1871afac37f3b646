"""``history``, ``why``, ``blame`` and ``diff``: the answers are read from the record of real releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.past_of_a_stack import FRONT, SCRIPT, WEB

if TYPE_CHECKING:
    from support.past_of_a_stack import PastOfAStack

pytestmark = pytest.mark.timeout(600)  # the first one waits for three releases


def tickets(past: PastOfAStack, *options: str) -> list[str]:
    """Name the tickets of the runs that are listed."""
    return [run["ticket"] for run in past.document("history", *options)["runs"]]


def links(past: PastOfAStack, ticket: str, subject: str) -> list[tuple[str, str]]:
    """Give the causes of something, without the events that tell them."""
    return [(link["kind"], link["text"]) for link in past.document("why", ticket, subject)["links"]]


def only(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the only one there is."""
    (one,) = found
    return one


# --- history -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        (("--since", "24h ago"), [FRONT, WEB]),
        (("--service", "web"), [FRONT, WEB]),
        (("--service", "front"), [FRONT]),
        (("--ticket", WEB), [WEB]),
        (("--service", "slow"), []),
        (("--state", "released"), [WEB]),
        (("--code", "script_failed"), [FRONT]),
        (("--by", "nobody-of-that-name"), []),
        (("--limit", "1"), [FRONT]),
    ],
)
def test_history_lists_the_runs_that_are_meant(past: PastOfAStack, options: tuple[str, ...], listed: list[str]) -> None:
    assert tickets(past, *options) == listed


def test_history_takes_all_that_it_is_asked_at_once(past: PastOfAStack) -> None:
    since = past.at("first released")
    wanted = past.document(
        "history", "--service", "web", "--since", since, "--by", "root", "--code", "script_failed", "--limit", "5"
    )
    assert [(run["ticket"], run["by"]) for run in wanted["runs"]] == [(FRONT, "root")]
    assert past.document("history", "--service", "web", "--state", "halted")["runs"] == []


def test_history_lists_runs_since_a_moment(past: PastOfAStack) -> None:
    assert tickets(past, "--since", past.at("first released")) == [FRONT]


def test_history_tells_where_a_run_halted(past: PastOfAStack) -> None:
    halt = only(only(past.document("history", "--service", "front")["runs"])["halts"])
    assert (halt["code"], halt["phase"], halt["step"]) == ("script_failed", "ticket", "1302-move.sh")


def test_history_is_a_table_for_people(past: PastOfAStack) -> None:
    told = past.client("history").stdout
    assert "TICKET" in told
    assert "halted at event" in told


# --- why ---------------------------------------------------------------------------------------------------------


def test_why_goes_from_the_decision_over_the_path_to_the_container(past: PastOfAStack) -> None:
    container = past.stack.names.container("web")
    found = links(past, WEB, container)
    assert list(dict.fromkeys(kind for kind, _ in found)) == [
        "decision",
        "commits",
        "path",
        "service",
        "step",
        "command",
        "container",
    ]
    texts = "\n".join(text for _, text in found)
    assert "packages/web/manifest.yaml changed" in texts
    assert past.containers["first released"][container] in texts


def test_why_of_a_path_names_the_services_that_it_affects(past: PastOfAStack) -> None:
    found = links(past, WEB, "packages/web/manifest.yaml")
    assert [kind for kind, _ in found] == ["decision", "commits", "path", "service"]


def test_why_of_a_script_names_both_decisions_and_its_content(past: PastOfAStack) -> None:
    found = links(past, FRONT, SCRIPT)
    decisions = [text for kind, text in found if kind == "decision"]
    assert len(decisions) == 2
    assert "the vendor's table was missing" in decisions[1]
    assert any(kind == "command" and SCRIPT in text for kind, text in found)


def test_each_cause_names_the_event_that_tells_it(past: PastOfAStack) -> None:
    events = {event["version"]: event for event in past.document("events", FRONT)["events"]}
    told = past.document("why", FRONT, "front.recreate")["links"]
    steps = [events[link["version"]]["data"]["step"] for link in told if link["kind"] == "step"]
    assert set(steps) == {"front.recreate"}


def test_why_of_something_unknown_names_what_is_known(past: PastOfAStack) -> None:
    told = past.client("why", WEB, "nonsense", code=4).stderr
    assert "It knows: web," in told


def test_why_shows_a_line_per_cause(past: PastOfAStack) -> None:
    assert "decision" in past.client("why", WEB, "web").stdout


# --- blame -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("moment", "ticket", "tag"), [("first released", WEB, "2"), ("second released", FRONT, "3")])
def test_blame_names_ticket_commit_and_image(past: PastOfAStack, moment: str, ticket: str, tag: str) -> None:
    found = only(past.document("blame", "web", "--at", past.at(moment))["containers"])
    name = past.stack.names.container("web")
    assert (found["ticket"], found["image"]) == (ticket, f"{past.stack.names.image('web')}:{tag}")
    assert (found["name"], found["id"]) == (name, past.containers[moment][name])
    assert found["commit"] == past.merges[ticket]


def test_blame_names_the_person_and_the_latest_decision(past: PastOfAStack) -> None:
    decision = only(past.document("blame", "web")["containers"])["decision"]
    assert (decision["by"], decision["uid"], decision["reason"]) == ("root", 0, "pages are slow")


def test_blame_names_what_ran_with_its_content(past: PastOfAStack) -> None:
    scripts = only(past.document("blame", "front", "--at", past.at("second released"))["containers"])["scripts"]
    assert [script["path"].rpartition("/")[2] for script in scripts] == [
        "pre_start_init.10-look.sh",
        "post_start_init.10-warm.sh",
        "ensure-config.10-account.sh",
        "1302-move.sh",
    ]
    assert scripts[-1]["blob"] == past.stack.ops.git("rev-parse", f"{past.merges[FRONT]}:{SCRIPT}")


def test_blame_before_the_first_release_finds_nothing(past: PastOfAStack) -> None:
    assert "nothing_placed" in past.client("blame", "web", "--at", past.at("before"), "-o", "json", code=4).stdout


def test_blame_is_shown_to_people(past: PastOfAStack) -> None:
    told = past.client("blame", "web").stdout
    assert f"by ticket {FRONT}, run 1" in told


# --- diff --------------------------------------------------------------------------------------------------------


def differences(past: PastOfAStack) -> dict[tuple[str, str], tuple[str, str]]:
    """Give in what the two tickets differ."""
    found = past.document("diff", WEB, FRONT)["differences"]
    return {(one["section"], one["subject"]): (one["left"], one["right"]) for one in found}


def test_diff_tells_commits_images_scripts_and_outcomes_apart(past: PastOfAStack) -> None:
    found = differences(past)
    assert found["commits", "merge"] == (past.merges[WEB], past.merges[FRONT])
    assert found["images", "web"][0].startswith(f"{past.stack.names.image('web')}:2 ")
    assert found["scripts", SCRIPT][0] == ""
    assert found["outcome", "state"] == ("released", "reverted")


def test_diff_of_a_release_with_itself_is_empty(past: PastOfAStack) -> None:
    assert past.document("diff", WEB, WEB)["differences"] == []


def test_diff_is_shown_to_people_section_by_section(past: PastOfAStack) -> None:
    told = past.client("diff", WEB, FRONT).stdout
    assert f"commits\n  base\n    {WEB}: " in told


def test_diff_with_a_ticket_that_is_unknown_is_not_found(past: PastOfAStack) -> None:
    assert "Nothing is on record of ticket 9999" in past.client("diff", WEB, "9999", code=4).stderr


# --- verify-log --------------------------------------------------------------------------------------------------


def test_a_record_that_nobody_touched_is_whole(past: PastOfAStack) -> None:
    assert past.client("verify-log").stdout.startswith("✓ ")
    assert past.document("verify-log")["findings"] == []


def test_a_derived_file_that_somebody_edited_is_found(past: PastOfAStack) -> None:
    file = past.stack.workspace / "releases" / f"{WEB}.log"
    content = file.read_text(encoding="utf-8")
    file.write_text(content.replace("event=done", "event=failed"), encoding="utf-8")
    try:
        told = past.client("verify-log", code=1).stdout
    finally:
        file.write_text(content, encoding="utf-8")
    assert f"✗ {file}: It is not what the events give" in told
