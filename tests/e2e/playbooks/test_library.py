"""Playbooks of the product and of the ops repo: which are there, what each says, and what a match shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.site import Site


def test_a_playbook_of_the_ops_repo_is_found_before_those_that_only_know_the_kind(own: Site) -> None:
    matched = own.client("-o", "json", "playbook", "match", "1234")

    ids = [match["playbook"]["id"] for match in json.loads(matched.stdout)["matches"]]
    assert ids == ["search-index-missing", "script-failed"]


def test_a_match_names_the_line_of_the_playbook_and_the_line_on_record(own: Site) -> None:
    said = own.client("playbook", "match", "1234").stdout

    assert "search-index-missing  recovery/playbooks/release-search.yaml:1\n" in said
    assert "found: no such index: <index>\n         in: no such index: articles\n" in said


def test_a_playbook_file_that_is_wrong_hides_no_other_and_is_told(own: Site) -> None:
    listed = own.client("playbook", "list")

    assert "search-index-missing" in listed.stdout
    assert "not read: recovery/playbooks/release-wrong.yaml:2: 0.sympton: expected a known key (symptom?)" in (
        listed.stderr
    )


def test_playbooks_are_those_of_head_and_not_of_the_work_tree(own: Site) -> None:
    file = own.ops.checkout / "recovery" / "playbooks" / "release-search.yaml"
    committed = file.read_text(encoding="utf-8")
    file.write_text(committed.replace("search-index-missing", "not-committed"), encoding="utf-8")

    listed = own.client("playbook", "list").stdout

    own.git("checkout", "--", "recovery")
    assert "search-index-missing" in listed
    assert "not-committed" not in listed


def test_show_tells_the_whole_playbook(own: Site) -> None:
    shown = own.client("playbook", "show", "search-index-missing").stdout

    assert "root cause\n  The search service was set up anew, and nobody made its index.\n" in shown
    assert "fix now\n  releasectl services run search make-index\n" in shown


def test_show_as_a_document_has_the_fields_of_the_file(own: Site) -> None:
    shown = json.loads(own.client("-o", "json", "playbook", "show", "verify-race").stdout)

    assert shown["origin"] == "built-in/release-verify-race.yaml:2"
    assert shown["tags"] == ["release", "verify", "unhealthy"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("show", "no-such-playbook"), "playbook_unknown"), (("match", "9999"), "ticket_unknown")],
)
def test_what_nobody_knows_is_not_found(own: Site, arguments: tuple[str, str], reason: str) -> None:
    answer = own.client("-o", "json", "playbook", *arguments)

    assert answer.returncode == 4
    assert json.loads(answer.stdout)["error"]["reason"] == reason
