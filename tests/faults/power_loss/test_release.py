"""The power is cut around every effect of a release, before and after its outcome is recorded: nobody can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support import crash_story
from support.deaths import around, expect_killed
from support.durable import missing
from support.host import CutOffHost
from support.loop_disk import ATTEMPTS, LoopDisk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.crash_story import Told
    from support.evidence import Evidence
    from support.stack_images import FirstImages

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(600)]

UNFLUSHED = """
import os, types
from released.adapters import durability

os.fsync = os.sync = lambda *_: None
durability._LIBC = types.SimpleNamespace(syncfs=lambda _: 0)
"""
"""Has the daemon flush nothing but its record."""
LASTING = (
    "web.backup",
    "checkout.fast-forward",
    "web.pre_start_init.sh",
    "web.pin-tag",
    "web.post_start_init.sh",
    "web.ensure-config.sh",
    "1234-once.sh",
)
"""The steps that leave something on the disk of record and checkout, in order."""


@pytest.fixture(scope="module", name="lived")
def _lived(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Told]:
    with crash_story.merged(tmp_path_factory.mktemp("lived") / "stack", first_images) as stack:
        yield crash_story.uninterrupted(stack)


def test_a_release_ends_as_if_nothing_had_happened(
    lived: Told, tmp_path: Path, first_images: FirstImages, evidence: Evidence
) -> None:
    """Rows 15 and 16: power cuts around every effect: what was recorded as done is there, what was not is redone."""
    lost: dict[str, list[str]] = {}
    with (
        LoopDisk.mounted(tmp_path, "ext4", 256) as disk,
        crash_story.merged(disk.root / "stack", first_images) as stack,
    ):
        disk.sync()
        host = CutOffHost(disk, tmp_path, lambda fault: lost.update({fault: missing(stack, crash_story.TICKET)}))
        told = crash_story.with_deaths(stack, around(LASTING, list(lived.plan)), host)
        evidence.fired(disk.cuts)
        evidence.add(cuts=disk.cuts)

    assert {fault: found for fault, found in lost.items() if found} == {}
    assert told.ending == lived.ending


def test_a_daemon_that_flushes_only_its_record_loses_what_is_on_it(
    tmp_path: Path, first_images: FirstImages, evidence: Evidence
) -> None:
    """Row 15: the same with a daemon that does not flush what steps have done."""
    lost: list[str] = []
    cuts = 0
    while not lost and cuts < ATTEMPTS:
        lost = _lost_unflushed(tmp_path / str(cuts), first_images)
        cuts += 1
    evidence.fired(cuts)
    evidence.control("a daemon that flushes only its record", red=lost != [])


def _lost_unflushed(home: Path, images: FirstImages) -> list[str]:
    """Cut the power on such a daemon in its second phase; list what is on record and was lost."""
    fault = "after-intent:migrate.checkout"
    with LoopDisk.mounted(home, "ext4", 256) as disk, crash_story.merged(disk.root / "stack", images) as stack:
        disk.sync()
        daemon = stack.daemon(UNFLUSHED)
        daemon.start(fault)
        starter = stack.start_client("run", crash_story.TICKET, "--detach")
        expect_killed(daemon.wait_dead(), fault, daemon)
        disk.cut()
        lost = missing(stack, crash_story.TICKET)
        starter.kill()
        starter.communicate()
    return lost
