"""``released db``, beside a daemon that runs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from released.store.schema import HEAD
from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S, PROGRAMS
from support.store import sqlite_store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_backup_that_is_taken_while_the_daemon_runs_holds_its_record(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        environment.client("hold", "--reason", "the auditor is here", "--yes")
        taken = _released(tmp_path, "backup", tmp_path / "copy.db")

    with sqlite_store(tmp_path / "copy.db") as copy:
        types = [type(recorded.event).__name__ for recorded in copy.read_all()]
    assert (taken.returncode, taken.stdout) == (0, f"{tmp_path}/copy.db holds the record up to event {len(types)}.\n")
    assert types == ["LeaseTaken", "Held"]


def test_the_schema_is_not_touched_while_the_daemon_runs(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path):
        refused = _released(tmp_path, "upgrade")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is in use by another released: " in refused.stderr


def test_the_schema_is_brought_up_to_date_while_no_daemon_runs(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path):
        pass

    done = _released(tmp_path, "upgrade")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f" has schema {HEAD}.\n")


def _released(home: Path, command: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAMS / "released", "db", command, "--config", home / "released.yaml", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
