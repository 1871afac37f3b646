"""A command with a request id acts once, however often it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.site import Site

TICKET = "1170"
WHY = ("--reason", "wrong night", "--yes")
ID = ("--request-id", "the-same-request")
FINE, FAILS = "#!/bin/sh\n", "#!/bin/sh\nexit 3\n"
HOOK = {"packages/web/manifest.yaml": "name: web\ndisplay_name: Web\n", "packages/web/scripts/renew.sh": FINE}


def twice(site: Site, *command: str) -> list[str]:
    """Type a command twice; both must succeed. List the types of what was put on record in between."""
    before = len(site.log())
    answers = [site.client(*command, *ID) for _ in range(2)]
    assert [one.returncode for one in answers] == [0, 0], answers
    return [kind for stream, kind, _ in site.log()[before:] if site.name in stream]


@pytest.fixture(name="halted")
def _halted(site: Site) -> Site:
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": FAILS})
    assert site.client("run", TICKET).returncode == 1
    return site


def test_hold(site: Site) -> None:
    assert twice(site, "hold", *WHY) == ["held"]


def test_unhold(site: Site) -> None:
    assert site.client("hold", *WHY).returncode == 0

    assert twice(site, "unhold") == ["unheld"]


def test_note(halted: Site) -> None:
    assert twice(halted, "note", TICKET, "the vendor knows") == ["noted"]


def test_lock_release(halted: Site) -> None:
    assert sorted(twice(halted, "lock", "release", *WHY)) == ["abandoned", "lock_freed"]


def test_services_run(site: Site) -> None:
    site.ops.commit(HOOK, "A service with a hook")
    site.git("pull", "--quiet", "--ff-only")

    assert twice(site, "services", "run", "web", "renew", "--reason", "it ran out") == ["hook_started", "hook_ended"]


def test_revert(site: Site) -> None:
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": FINE})
    assert site.client("run", TICKET).returncode == 0

    assert twice(site, "revert", TICKET, *WHY).count("revert_requested") == 1
