"""``note``: what was remarked is told where the ticket is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.site import Site

TICKET = "1180"


@pytest.fixture(name="noted")
def _noted(site: Site) -> Site:
    """Release a ticket, and remark something on it."""
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": "#!/bin/sh\n"})
    assert site.client("run", TICKET).returncode == 0
    assert site.client("note", TICKET, "the vendor knows").returncode == 0
    return site


def test_the_status_of_a_ticket_tells_who_remarked_what(noted: Site) -> None:
    shown = noted.client("status", TICKET).stdout

    assert "note         the vendor knows  (root, " in shown


def test_programs_are_told_so_too(noted: Site) -> None:
    [note] = noted.document("status", TICKET)["notes"]

    assert (note["text"], note["by"]) == ("the vendor knows", "root")


def test_a_remark_outlives_the_run(noted: Site) -> None:
    assert noted.client("revert", TICKET, "--yes").returncode == 0
    assert noted.client("run", TICKET, "--include-reverted", "--reason", "it was fine").returncode == 0

    assert "the vendor knows" in noted.client("status", TICKET).stdout


def test_a_ticket_that_was_never_run_is_not_found(site: Site) -> None:
    assert site.client("note", "1189", "anything").returncode == 4
