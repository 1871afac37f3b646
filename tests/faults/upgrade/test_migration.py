"""The migration of the schema is cut off: the database is the old or the new one, and the next try succeeds."""

from __future__ import annotations

import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from released.store import schema
from released.store.hash_chain import verify
from support.daemon_process import PATIENCE_S, PROGRAMS
from support.first_schema import write_first_schema
from support.golden import LOG_V1, read_log, rows
from support.store import sqlite_store

if TYPE_CHECKING:
    from pathlib import Path

    from support.evidence import Evidence

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(300)]

STRIDE = (1, 2, 3, 5, 8, 11, 14, 17, 20, 23, 26, 29, 32)
"""Which write to a database it is killed at; the copy takes the first half of them, the migration the rest."""


@pytest.fixture(name="old")
def _old(tmp_path: Path) -> Path:
    """A database of the first schema, kept to be copied from."""
    old = tmp_path / "old.db"
    write_first_schema(old)
    configuration = {
        "store": {"url": f"sqlite:///{tmp_path}/state/released.db"},
        "listen": [f"unix://{tmp_path}/released.sock"],
        "environments": {"prod": {"repo": str(tmp_path)}},
    }
    (tmp_path / "released.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    return old


def upgrade(home: Path, *prefix: str) -> subprocess.CompletedProcess[str]:
    command = [*prefix, str(PROGRAMS / "released"), "db", "upgrade", "--config", str(home / "released.yaml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def put_old(old: Path) -> Path:
    """Give the old database a folder of its own, where nothing is left of an earlier try."""
    state = old.parent / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(mode=0o700)
    shutil.copy(old, state / "released.db")
    return state / "released.db"


def test_a_migration_that_is_killed_at_a_write_is_made_by_the_next_try(old: Path, evidence: Evidence) -> None:
    """Row 57: `released db upgrade` is killed at the k-th write; nothing is lost, and the next try succeeds."""
    if shutil.which("strace") is None:
        pytest.skip("strace is missing: run 'packaging/prepare-host.sh faults' as root")
    killed = 0
    for k in STRIDE:
        database = put_old(old)
        inject = ("-e", "trace=pwrite64", "-e", f"inject=pwrite64:signal=KILL:when={k}")
        cut_off = upgrade(old.parent, "strace", "-f", "-qq", "-o", str(old.parent / "strace"), *inject)
        killed += cut_off.returncode == -signal.SIGKILL
        assert upgrade(old.parent).returncode == 0

        with sqlite_store(database) as store:
            found = rows(store)
        assert found[: len(read_log(LOG_V1))] == read_log(LOG_V1)
        assert verify(found) is None
        with sqlite_store(database.with_name(f"released.db.before-{schema.HEAD}")) as former:
            assert rows(former) == read_log(LOG_V1)
    evidence.fired(killed)
    evidence.add(upgrades_killed=killed)

    assert killed > 1
