"""``hold`` and ``unhold``: whose hold it is, what it is about, and when it is over."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from support.site import Site

    Terminal = Callable[..., CompletedProcess[str]]

TICKET = "1190"
UNLESS_MENDED = "#!/bin/sh\ntest -e .asd/mended\n"
HOLD = ("hold", "--reason", "the auditor is here")


@pytest.fixture(name="held")
def _held(site: Site) -> Site:
    assert site.client(*HOLD).returncode == 0
    return site


def types(site: Site) -> list[str]:
    """List the types of what was put on record in an environment's stream."""
    return [kind for stream, kind, _ in site.log() if stream == f"environment/{site.name}"]


# --- whose it is -------------------------------------------------------------------------------------------------


def test_a_second_hold_does_not_take_the_place_of_the_first(held: Site) -> None:
    rejection = held.client("hold", "--reason", "the disk is full")

    assert rejection.returncode == 3
    assert "root keeps releases out of this environment since " in rejection.stderr
    assert "the auditor is here" in rejection.stderr
    assert "releasectl unhold" in rejection.stderr
    assert held.document("status")["hold_reason"] == "the auditor is here"


def test_a_hold_that_is_not_there_cannot_be_ended(site: Site) -> None:
    refused = site.client("unhold")

    assert refused.returncode == 3
    assert "Nobody keeps releases out of this environment" in refused.stderr
    assert "unheld" not in types(site)


def test_a_hold_that_would_be_over_already_is_refused(site: Site) -> None:
    refused = site.client(*HOLD, "--until", "2026-01-01T00:00:00Z")

    assert refused.returncode == 3
    assert "2026-01-01T00:00:00Z is over already: it would keep nobody out. Give a later --until." in refused.stderr
    assert "held" not in types(site)


def test_after_its_end_another_may_hold(held: Site) -> None:
    assert held.client("unhold").returncode == 0

    assert held.client("hold", "--reason", "the disk is full").returncode == 0


# --- when it is over ---------------------------------------------------------------------------------------------


@pytest.fixture(name="over")
def _over(site: Site) -> Site:
    """Hold for as long as it takes to say so, and a little longer."""
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=10)
    assert site.client(*HOLD, "--until", soon.isoformat()).returncode == 0
    while site.document("lock", "status")["hold_reason"]:
        pass
    return site


def test_a_hold_whose_time_is_over_is_not_shown(over: Site) -> None:
    assert "the auditor is here" not in over.client("status").stdout
    assert "unheld" not in types(over)


def test_a_hold_whose_time_is_over_needs_no_end(over: Site) -> None:
    assert over.client("unhold").returncode == 3
    assert over.client("hold", "--reason", "the disk is full").returncode == 0


# --- what it is about --------------------------------------------------------------------------------------------


@pytest.fixture(name="halted")
def _halted(site: Site) -> Site:
    """Halt a ticket, mend what was wrong, and hold."""
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": UNLESS_MENDED})
    assert site.client("run", TICKET).returncode == 1
    (site.ops.checkout / ".asd/mended").touch()
    assert site.client(*HOLD).returncode == 0
    return site


@pytest.mark.parametrize("command", [("resume", TICKET), ("run", TICKET, "--from", "ticket")], ids=" ".join)
def test_a_halted_release_goes_on_and_whoever_lets_it_is_told_of_the_hold(
    halted: Site, command: tuple[str, ...]
) -> None:
    resumed = halted.client(*command, "--reason", "mended")

    assert resumed.returncode == 0
    assert "root keeps releases out of this environment since " in resumed.stderr
    assert "That keeps starts out; a release that began before goes on." in resumed.stderr


def test_programs_are_told_of_the_hold_too(halted: Site) -> None:
    accepted = halted.document("resume", TICKET, "--detach", "--reason", "mended")

    assert "the auditor is here" in accepted["notice"]
    assert halted.client("watch", TICKET).returncode == 0
