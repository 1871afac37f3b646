"""The power is cut while the store appends: what it acknowledged is there afterwards."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from released.store.integrity import quick_check
from support.appender import Appender
from support.loop_disk import LoopDisk
from support.store import sqlite_store

if TYPE_CHECKING:
    from pathlib import Path

    from support.evidence import Evidence

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(300)]

LONGEST_RUN_S = 0.05
NORMAL = "1"


def acknowledged_until_cut(disk: LoopDisk, appender: Appender, moment_s: float, synchronous: str = "") -> list[str]:
    """Cut the power at a moment after the first acknowledgement; list the ids that were acknowledged by then."""
    first = appender.begin(synchronous)
    time.sleep(moment_s)  # this is the fault, not a wait: the cut comes at a moment that is left to chance
    disk.cut()
    return [first, *appender.acknowledged()]


def found(store: Path, after: int) -> list[str]:
    """Open the store and list the ids of the events after a position, which have no gap between them."""
    with sqlite_store(store) as opened:
        recorded = opened.read_all(after, limit=100_000)
        assert [event.position for event in recorded] == [*range(after + 1, after + 1 + len(recorded))]
        assert quick_check(opened) == "ok"
        return [event.event_id for event in recorded]


@pytest.mark.parametrize(("kind", "cuts"), [("ext4", 200), ("xfs", 50)])
def test_no_acknowledged_event_is_lost(kind: str, cuts: int, tmp_path: Path, evidence: Evidence) -> None:
    """Row 13: the power is cut at random moments of appending; every acknowledged event is there."""
    seed = random.SystemRandom().randrange(2**32)
    evidence.seed(seed)
    moments = random.Random(seed)  # noqa: S311 (moments, not secrets)
    with LoopDisk.mounted(tmp_path, kind, 64) as disk, Appender.of(disk.root / "released.db") as appender:
        position, acknowledged, lost = 0, 0, 0
        for _ in range(cuts):
            ids = acknowledged_until_cut(disk, appender, moments.uniform(0, LONGEST_RUN_S))
            there = found(appender.store, position)
            position += len(there)
            acknowledged += len(ids)
            lost += len(set(ids) - set(there))
    evidence.fired(disk.cuts)
    evidence.add(cuts=disk.cuts, acknowledged=acknowledged, lost=lost)

    assert lost == 0


def test_without_a_flush_at_each_commit_events_are_lost(tmp_path: Path, evidence: Evidence) -> None:
    """Row 13: the same with a store that does not flush at each commit."""
    with LoopDisk.mounted(tmp_path, "ext4", 64) as disk, Appender.of(disk.root / "released.db") as appender:
        position, lost = 0, 0
        while not lost and disk.cuts < 50:
            ids = acknowledged_until_cut(disk, appender, LONGEST_RUN_S, NORMAL)
            there = found(appender.store, position)
            position += len(there)
            lost += len(set(ids) - set(there))
    evidence.fired(disk.cuts)
    evidence.control("synchronous=NORMAL", red=lost > 0)
