"""``run``: what its flags leave out, take in and count from, and how long it follows."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from support.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from support.bare_sites import BareSites
    from support.site import Site

    Terminal = Callable[..., CompletedProcess[str]]

TICKET = "1100"
ECHO = '#!/bin/sh\necho "$0 of $TICKET"\n'
UNLESS_MENDED = "#!/bin/sh\ntest -e .asd/mended\n"
RED = "\x1b[1;31m"


# --- decisions against the usual way -----------------------------------------------------------------------------


def skips(site: Site) -> None:
    """Leave a phase out."""
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": ECHO})
    assert site.client("run", TICKET, "--skip", "ticket", "--reason", "run by hand").returncode == 0


def takes_along(site: Site) -> None:
    """Take the scripts of another ticket along."""
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": ECHO, "releases/1099-b.sh": ECHO})
    assert site.client("run", TICKET, "--with", "1099", "--reason", "they belong together").returncode == 0


def counts_from(site: Site) -> None:
    """Name the commit before one that was pulled by hand."""
    base = site.ops.head()
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": ECHO})
    site.git("pull", "--quiet", "--ff-only")
    assert site.client("run", TICKET, "--base", base, "--reason", "pulled by hand").returncode == 0


def leaps(site: Site) -> None:
    """Leave the phase behind in which the release halted."""
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": UNLESS_MENDED})
    assert site.client("run", TICKET).returncode == 1
    assert site.client("run", TICKET, "--from", "verify", "--reason", "done by hand").returncode == 0


@pytest.fixture(
    name="override",
    params=[
        (skips, "phase ticket is left out", "run by hand"),
        (takes_along, "the scripts of ticket 1099 are taken along", "they belong together"),
        (counts_from, "changes are counted from ", "pulled by hand"),
        (leaps, "phase ticket was left unfinished", "done by hand"),
    ],
    ids=["--skip", "--with", "--base", "--from"],
)
def _override(site: Site, request: pytest.FixtureRequest) -> tuple[str, str]:
    release, detail, reason = request.param
    release(site)
    return detail, reason


def test_who_decides_against_the_usual_way_is_seen_with_the_reason(
    site: Site, override: tuple[str, str], terminal: Terminal
) -> None:
    detail, reason = override

    summary = site.document("status", TICKET)["summary"]
    [recorded] = site.document("status", TICKET)["overrides"]
    [listed] = site.document("list")["releases"]
    shown = terminal(site, "status", TICKET, COLUMNS="200").stdout
    row = terminal(site, "list").stdout

    assert recorded["detail"].startswith(detail)
    assert (recorded["reason"], recorded["by"]) == (reason, "root")
    assert (summary["overrides"], listed["overrides"]) == (1, 1)
    assert f"{RED}{recorded['detail']}: {reason}  (root, " in shown
    assert f"{RED} !1\x1b[0m" in row


@pytest.mark.parametrize("reason", ["<why>", "<what mends them>", " <what you found> "])
def test_a_placeholder_that_was_not_replaced_is_no_reason(site: Site, reason: str) -> None:
    rejection = site.rejects("run", TICKET, "--skip", "ticket", "--reason", reason)

    assert rejection.reason == "reason_missing"
    assert rejection.message == f"{reason.strip()} stands for the reason; put the real one there."


# --- how long it follows -----------------------------------------------------------------------------------------


@pytest.fixture(name="gate")
def _gate(site: Site) -> Gate:
    return Gate.before(site, TICKET)


def test_a_client_that_waited_long_enough_says_so_and_the_release_goes_on(site: Site, gate: Gate) -> None:
    waited = site.client("run", TICKET, "--wait", "1s")
    gate.await_arrival()
    gate.open()

    assert waited.returncode == 9
    assert "Waited 1s for ticket 1100, which goes on in the daemon." in waited.stderr
    assert site.client("watch", TICKET).returncode == 0


def test_ctrl_c_detaches_and_the_release_goes_on(site: Site, bare_sites: BareSites, gate: Gate) -> None:
    client = bare_sites.start_client("--env", site.name, "run", TICKET)
    gate.await_arrival()

    client.send_signal(signal.SIGINT)
    _, told = client.communicate()
    gate.open()

    assert client.returncode == 130
    assert "Detached from ticket 1100, which goes on in the daemon." in told
    assert site.client("watch", TICKET).returncode == 0


def test_waiting_for_nothing_is_wrong_usage(site: Site) -> None:
    rejection = site.rejects("run", TICKET, "--detach", "--wait", "1s")

    assert "--detach follows nothing, so --wait has nothing to wait for" in rejection.message
