"""The playbooks of an environment: those that ship with the product, and what can be read of the team's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.adapters.git.checkout import Git
from released.engine.playbooks.known_failures import library, unknown_playbook
from support.ops_repo import OpsRepo
from support.playbook_matches import built_in

if TYPE_CHECKING:
    from pathlib import Path

FILE = "recovery/playbooks/release-search.yaml"
OWN = "- {id: search-index-missing, symptom: no such index, root_cause: It is new., fix: {adhoc: make it}}\n"
SHIPPED = {playbook.id for playbook in built_in()}


@pytest.fixture(name="ops")
def _ops(tmp_path: Path) -> OpsRepo:
    return OpsRepo.create(tmp_path / "repos", {FILE: OWN})


def test_the_teams_own_stand_beside_those_that_ship_with_the_product(ops: OpsRepo) -> None:
    found = library(Git(ops.checkout, "origin", "main"))

    assert {playbook.id for playbook in found.playbooks} == {*SHIPPED, "search-index-missing"}
    assert found.origins["search-index-missing"] == f"{FILE}:1"


def test_an_id_that_ships_with_the_product_is_not_taken_by_another(ops: OpsRepo) -> None:
    _commit(ops, OWN.replace("search-index-missing", "verify-race"))

    found = library(Git(ops.checkout, "origin", "main"))

    assert found.origins["verify-race"].startswith("built-in/")
    assert found.problems == (
        f"{FILE}:1: id: expected an id of its own, got 'verify-race', which built-in/release-verify-race.yaml:2 has",
    )


def test_a_symbolic_link_is_told_and_not_followed(ops: OpsRepo) -> None:
    (ops.checkout / "recovery" / "playbooks" / "release-link.yaml").symlink_to("release-search.yaml")
    ops.git("add", "recovery")
    ops.git("commit", "--quiet", "-m", "A link")

    (problem,) = library(Git(ops.checkout, "origin", "main")).problems

    assert problem.startswith("recovery/playbooks/release-link.yaml:1: (document): ")
    assert "is no regular file" in problem


def test_a_checkout_that_cannot_be_read_leaves_those_that_ship_with_the_product(ops: OpsRepo) -> None:
    (ops.checkout / ".git" / "HEAD").write_text("nonsense\n", encoding="ascii")

    found = library(Git(ops.checkout, "origin", "main"))

    assert {playbook.id for playbook in found.playbooks} == SHIPPED
    assert [problem.partition(": ")[0] for problem in found.problems] == ["recovery/playbooks:1"]


def _commit(ops: OpsRepo, text: str) -> None:
    (ops.checkout / FILE).write_text(text, encoding="utf-8")
    ops.git("add", FILE)
    ops.git("commit", "--quiet", "-m", "Another playbook")


def test_an_unknown_playbook_is_refused_with_the_command_that_lists_them() -> None:
    assert [one.argv for one in unknown_playbook("none").next_commands] == [("releasectl", "playbook", "list")]
