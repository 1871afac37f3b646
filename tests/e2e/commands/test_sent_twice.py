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
    """Type a command with a request id twice; both must succeed. List the types of what was recorded in between."""
    before = len(site.log())
    answers = [site.client(*command) for _ in range(2)]
    assert [one.returncode for one in answers] == [0, 0], answers
    return [kind for stream, kind, _ in site.log()[before:] if site.name in stream]


@pytest.fixture(name="halted")
def _halted(site: Site) -> Site:
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": FAILS})
    assert site.client("run", TICKET).returncode == 1
    return site


def test_hold(site: Site) -> None:
    assert twice(site, "hold", *WHY, *ID) == ["held"]


def test_unhold(site: Site) -> None:
    assert site.client("hold", *WHY).returncode == 0

    assert twice(site, "unhold", *ID) == ["unheld"]


def test_note(halted: Site) -> None:
    assert twice(halted, "note", TICKET, "the vendor knows", *ID) == ["noted"]


def test_lock_release(halted: Site) -> None:
    assert sorted(twice(halted, "lock", "release", *WHY, *ID)) == ["abandoned", "lock_freed"]


def test_services_run(site: Site) -> None:
    site.ops.commit(HOOK, "A service with a hook")
    site.git("pull", "--quiet", "--ff-only")

    assert twice(site, "services", "run", "web", "renew", "--reason", "it ran out", *ID) == [
        "hook_started",
        "hook_ended",
    ]


def test_revert(site: Site) -> None:
    site.merge(TICKET, {f"releases/{TICKET}-a.sh": FINE})
    assert site.client("run", TICKET).returncode == 0

    assert twice(site, "revert", TICKET, *WHY, *ID).count("revert_requested") == 1


def test_adopt(site: Site) -> None:
    base, merge = site.ops.head(), site.merge(TICKET, {f"releases/{TICKET}-a.sh": FINE})
    site.git("pull", "--quiet", "--ff-only")

    kinds = twice(site, "adopt", TICKET, "--base", base, "--merge", merge, "--reason", "the daemon was down", *ID)

    assert kinds.count("adopted") == 1
