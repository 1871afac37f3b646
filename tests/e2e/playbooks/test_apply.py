"""What a playbook that is applied leaves on record, and which one is not applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.site import Site

APPLY = ("playbook", "apply")
MAKES_KEY = "#!/bin/sh\nmkdir -p .asd\n> .asd/key\n"
WANTS_KEY = "#!/bin/sh\ntest -e .asd/key || { echo 'HTTP/1.1 403 Forbidden'; exit 22; }\n"


@pytest.fixture(scope="module", name="applied")
def _applied(new_site: Callable[..., Site]) -> Site:
    """Apply the playbook of a stale credential to a release, which does not go on yet."""
    site = new_site({"packages/wiki/scripts/ensure-config.sh": MAKES_KEY})
    site.merge("1234", {"releases/1234-work.sh": WANTS_KEY})
    assert site.client("run", "1234").returncode == 1
    assert site.client(*APPLY, "stale-credential", "1234", "--yes", "--set", "service=wiki").returncode == 0
    return site


def test_what_is_applied_is_on_record_with_its_end(applied: Site) -> None:
    told = applied.client("events", "1234").stdout
    place = [kind for stream, kind, _ in applied.log() if stream == f"environment/{applied.name}"]
    by_hand = [kind for kind in place if kind in ("fix_started", "hook_ended")]

    assert "playbook stale-credential, fix: for hook in packages/wiki/scripts/ensure-config.*" in told
    assert by_hand == ["fix_started", "hook_ended", "fix_started", "hook_ended"]


def test_a_playbook_that_was_applied_counts_as_confirmed_and_once_the_release_goes_on_as_one_that_worked(
    applied: Site,
) -> None:
    went_on = applied.client("run", "1234", "--from=ticket", "--playbook", "stale-credential")

    shown = applied.document("playbook", "show", "stale-credential")

    assert went_on.returncode == 0
    assert shown["record"] == {"matched": 1, "confirmed": 1, "worked": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            (*APPLY, "script-failed", "1234"),
            2,
            "In the checkout of ticket 1234 one command is run, as shown above.",
        ),
        ((*APPLY, "stale-credential", "1234", "--yes"), 2, "say it with --set service=…"),
        (
            (*APPLY, "stale-credential", "1234", "--yes", "--set", "service=x;reboot"),
            2,
            "cannot stand for <service>",
        ),
        ((*APPLY, "no-such-playbook", "1234", "--yes"), 4, "There is no playbook 'no-such-playbook'."),
    ],
    ids=["nobody agreed", "a placeholder is not known", "a value is no plain word", "no such playbook"],
)
def test_what_is_not_applied(own: Site, arguments: tuple[str, ...], code: int, told: str) -> None:
    before = own.log()

    refused = own.client(*arguments)

    assert (refused.returncode, own.log()) == (code, before)
    assert told in " ".join(refused.stderr.split())


def test_programs_get_one_document_of_all_that_was_run(own: Site) -> None:
    told = own.document("playbook", "apply", "script-failed", "1234", "--yes")

    assert (told["playbook"], told["ticket"], told["done"]) == ("script-failed", "1234", True)
    assert [(command["kind"], command["rc"]) for command in told["commands"]] == [("verify", 0)]
    assert told["afterwards"][0].startswith("releasectl resume 1234 ")
