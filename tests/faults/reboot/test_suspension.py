"""A host stands still in the middle of a release, as a virtual machine does that is moved or a laptop that sleeps."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from support.guest.aftermath import Aftermath
from support.guest.machine import Machine
from support.guest.ordeal import Ordeal
from support.invariants import broken

if TYPE_CHECKING:
    from pathlib import Path

    from support.evidence import Evidence
    from support.guest.image import Guest

pytestmark = [pytest.mark.tier2, pytest.mark.timeout(0)]  # each wait has a limit of its own


def test_a_release_goes_on_after_ten_minutes_in_which_the_host_stood_still(
    guest: Guest, tmp_path: Path, evidence: Evidence
) -> None:
    """Row 44: the machine stops, and its clock is then ten minutes on; the same daemon ends the release."""
    seed = random.SystemRandom().randrange(2**32)
    evidence.seed(seed)
    image = guest.image.copied(tmp_path / "disk")
    with Machine(image, tmp_path / "console") as machine:
        ordeal = Ordeal(machine, guest.site, random.Random(seed))  # noqa: S311 (moments, not secrets)
        ordeal.go_on()
        machine.suspend(minutes=10)
        evidence.fired()
        ordeal.finish()
        machine.shut_down()
    aftermath = Aftermath.of(image.disk, tmp_path)

    assert broken(aftermath.remains(ordeal.acknowledged)) == []
    assert (ordeal.halts, aftermath.boots_of_daemons()) == ({}, ordeal.boots)
