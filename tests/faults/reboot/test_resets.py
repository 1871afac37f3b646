"""A whole host goes down in the middle of releases, and comes back: a virtual PC with systemd, Docker and the unit."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from support.guest.aftermath import Aftermath
from support.guest.machine import Machine
from support.guest.ordeal import Ordeal
from support.invariants import broken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.evidence import Evidence
    from support.guest.image import Guest

pytestmark = [pytest.mark.tier2, pytest.mark.timeout(0)]  # each wait has a limit of its own

RESETS = 10


def survive(
    reset: Callable[[Machine], list[dict[str, Any]]], guest: Guest, folder: Path, evidence: Evidence
) -> tuple[Ordeal, Aftermath]:
    """Reset a host ten times in the middle of releases, and see the last one of them released."""
    seed = random.SystemRandom().randrange(2**32)
    evidence.seed(seed)
    image = guest.image.copied(folder / "disk")
    with Machine(image, folder / "console") as machine:
        ordeal = Ordeal(machine, guest.site, random.Random(seed))  # noqa: S311 (moments, not secrets)
        for _ in range(RESETS):
            ordeal.reset(reset)
        ordeal.finish()
        machine.shut_down()
    return ordeal, Aftermath.of(image.disk, folder)


def judge(ordeal: Ordeal, aftermath: Aftermath, evidence: Evidence) -> None:
    """Note what was seen, and hold it against what was promised."""
    wrong = broken(aftermath.remains(ordeal.acknowledged))
    evidence.fired(len(set(ordeal.boots)) - 1)
    for seconds in ordeal.resumed_after_s:
        evidence.resumed_after(seconds)
    evidence.add(
        host_resets=len(set(ordeal.boots)) - 1,
        runs=ordeal.released,
        acknowledged=len(ordeal.acknowledged),
        **{f"halted_{code}": times for code, times in ordeal.halts.items()},
    )
    evidence.invariants(wrong)

    assert wrong == []
    assert aftermath.boots_of_daemons() == ordeal.boots
    assert aftermath.head() == ordeal.head()


def test_a_host_whose_plug_is_pulled_goes_on_with_its_releases(
    guest: Guest, tmp_path: Path, evidence: Evidence
) -> None:
    """Rows 9 and 17: the plug is pulled ten times, and the unit takes each release up again, of another boot id."""
    judge(*survive(Machine.pull_the_plug, guest, tmp_path, evidence), evidence)


def test_a_host_that_reboots_in_order_goes_on_with_its_releases(
    guest: Guest, tmp_path: Path, evidence: Evidence
) -> None:
    """Rows 9 and 17: systemd stops everything and boots again, ten times."""
    judge(*survive(Machine.reboot, guest, tmp_path, evidence), evidence)
