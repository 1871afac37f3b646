"""Every state in which a power cut may leave the store of a real release: it opens, and lacks nothing that was told."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites
from support.crash_states import Acknowledge, Operation, Power
from support.store import sqlite_store
from support.syscall_record import await_end, operations, recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.crash_states import Disk
    from support.evidence import Evidence

TICKET = "1234"
SAMPLES = 4
_TELLING = """
import os
from released.store import connections, sqlite

connections.WRITER_PRAGMAS = {**connections.WRITER_PRAGMAS, **PRAGMAS}
append = sqlite.SqliteEventStore.append

def telling(self, writes, fence=None):
    recorded = append(self, writes, fence)
    for one in recorded:
        os.write(2, f"acknowledged {one.event_id}\\n".encode())
    return recorded

sqlite.SqliteEventStore.append = telling
"""
"""Has the daemon tell what it knows to be durable."""
OFTEN = {"wal_autocheckpoint": 8}
"""Has SQLite move what is in its log to its database every eight pages, so that there are states of that, too."""


def recorded(home: Path, pragmas: dict[str, int]) -> list[Operation]:
    """Release a ticket with a daemon that makes its store, and list what it did to it until it was stopped."""
    sites = BareSites.create(home / "sites", {"prod": {}})
    log = home / "strace"
    daemon = sites.daemon(_TELLING.replace("PRAGMAS}", f"{pragmas}}}"), recording(log))
    try:
        sites.site("prod").merge(TICKET, {f"releases/{TICKET}-look.sh": "#!/bin/sh\necho looked\n"})
        daemon.start()
        assert sites.client("run", TICKET).returncode == 0, daemon.log
        daemon.stop()
        await_end(log, daemon.process.pid)
    finally:
        daemon.end()
        sites.cleanup()
    base = sites.database
    return list(operations(log, [base, Path(f"{base}-wal"), Path(f"{base}-journal"), base.parent]))


@dataclass
class Judge:
    """Looks at states, each once."""

    states: int = 0
    lacking: list[str] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def look(self, disk: Disk, told: set[str], *, opens: bool) -> None:
        """Look at one state: whether it is sound and holds what was told by then, and whether the product opens it."""
        key = hash((len(told), *sorted(disk.items())))
        if key in self._seen:
            return
        self._seen.add(key)
        self.states += 1
        folder = Path(mkdtemp(prefix="crash-state-", dir="/dev/shm"))
        try:
            self.lacking += _lacking(_laid_out(disk, folder), told)
            if opens:
                with sqlite_store(_laid_out(disk, folder)) as store:
                    self.lacking += [f"not read: {one}" for one in told if store.find(one) is None]
        except Exception as error:  # noqa: BLE001 (whatever it is, the state is not what it has to be)
            self.lacking.append(repr(error))
        finally:
            shutil.rmtree(folder)


def _laid_out(disk: Disk, folder: Path) -> Path:
    for file in folder.iterdir():
        file.unlink()
    for path, content in disk.items():
        (folder / Path(path).name).write_bytes(content)
    return folder / "released.db"


def _lacking(database: Path, told: set[str]) -> Iterator[str]:
    with closing(sqlite3.connect(database)) as store:
        [(sound,)] = store.execute("PRAGMA quick_check(1)").fetchall()
        if sound != "ok":
            yield str(sound)
        has_events = store.execute("SELECT count(*) FROM sqlite_master WHERE name = 'events'").fetchone()[0]
        ids = {one for (one,) in store.execute("SELECT event_id FROM events")} if has_events else set()
    yield from (f"lost: {one}" for one in told - ids)


def judged(done: list[Operation], chance: random.Random) -> Judge:
    """Look at what a cut may leave after each operation."""
    power, judge, told = Power(), Judge(), set[str]()
    for operation in done:
        power.follow(operation)
        if isinstance(operation, Acknowledge):
            told.add(operation.what)
        for number, disk in enumerate(power.cut(chance, SAMPLES)):
            judge.look(disk, told, opens=number == 0)
    return judge


def test_every_state_after_a_cut_opens_and_lacks_nothing(tmp_path: Path, evidence: Evidence) -> None:
    """Row 14: all crash states of a release's store: flushed only, all, some, in another order, torn."""
    seed = random.SystemRandom().randrange(2**32)
    evidence.seed(seed)
    done = recorded(tmp_path, OFTEN)

    judge = judged(done, random.Random(seed))  # noqa: S311 (samples, not secrets)
    evidence.fired(judge.states)
    evidence.add(crash_states=judge.states, acknowledged=sum(isinstance(one, Acknowledge) for one in done))

    assert judge.lacking == []
    assert judge.states > 500


@pytest.mark.tier1
def test_without_flushes_states_lack_what_was_told(tmp_path: Path, evidence: Evidence) -> None:
    """Row 14: the same with a store that never flushes."""
    judge = judged(recorded(tmp_path, OFTEN | {"synchronous": 0}), random.Random(1))  # noqa: S311 (samples)
    evidence.fired(judge.states)
    evidence.control("synchronous=OFF", red=judge.lacking != [])
