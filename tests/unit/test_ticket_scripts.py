"""Which scripts of the folder belong to a ticket."""

from __future__ import annotations

import pytest

from released.domain.errors import Refused
from released.domain.ops_repo.ticket_scripts import foreign_scripts, owners, scripts_of


def test_a_tickets_scripts_are_listed_in_name_order() -> None:
    assert scripts_of("12", ["12-b.sh", "12-a.sh", "12-10.sh", "12-9.sh"], ["12"]) == [
        "12-10.sh",
        "12-9.sh",
        "12-a.sh",
        "12-b.sh",
    ]


@pytest.mark.parametrize("name", ["12.sh", "123-a.sh", "12-a.py", "12-a.sh.bak", "a-12-b.sh", "README.md", "12a-b.sh"])
def test_other_files_are_not_the_tickets(name: str) -> None:
    assert scripts_of("12", [name], ["12"]) == []


def test_a_dot_in_a_ticket_stands_for_itself() -> None:
    assert scripts_of("1.2", ["1x2-a.sh", "1.2-a.sh"], ["1.2"]) == ["1.2-a.sh"]


def test_a_script_that_a_longer_known_ticket_also_matches_is_refused_with_both_named() -> None:
    with pytest.raises(Refused, match=r"releases/OPS-1-a\.sh matches ticket OPS and the longer ticket OPS-1") as caught:
        scripts_of("OPS", ["OPS-1-a.sh"], ["OPS", "OPS-1"])
    assert caught.value.code == "script_ambiguous"


def test_a_longer_ticket_that_nobody_knows_takes_nothing_away() -> None:
    assert scripts_of("OPS", ["OPS-1-a.sh"], ["OPS"]) == ["OPS-1-a.sh"]


def test_a_longer_known_ticket_takes_its_own_scripts() -> None:
    assert scripts_of("OPS-1", ["OPS-1-a.sh"], ["OPS", "OPS-1"]) == ["OPS-1-a.sh"]


def test_a_longer_known_ticket_without_such_a_script_does_not_matter() -> None:
    assert scripts_of("OPS", ["OPS-a.sh"], ["OPS", "OPS-1"]) == ["OPS-a.sh"]


def test_the_owner_of_a_script_is_what_stands_before_the_first_dash() -> None:
    assert owners(["12-a.sh", "13-b-c.sh", "README.md", "cleanup.sh"]) == {"12-a.sh": "12", "13-b-c.sh": "13"}


def test_scripts_of_other_tickets_in_the_range_are_named() -> None:
    assert foreign_scripts("12", [], ["12-a.sh", "13-a.sh", "notes.txt"]) == {"13-a.sh": "13"}


def test_scripts_of_tickets_that_are_taken_along_are_not_foreign() -> None:
    assert foreign_scripts("12", ["13"], ["12-a.sh", "13-a.sh", "14-a.sh"]) == {"14-a.sh": "14"}


def test_a_ticket_with_a_dash_knows_its_own_scripts() -> None:
    assert foreign_scripts("OPS-1", [], ["OPS-1-a.sh", "OPS-2-a.sh"]) == {"OPS-2-a.sh": "OPS"}
