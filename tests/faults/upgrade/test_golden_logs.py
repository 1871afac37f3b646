"""A log that an earlier version wrote: the daemon of today serves it, and derives from it what it always did."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from support.bare_environment import BareEnvironment
from support.daemon_process import PROGRAMS
from support.golden import DERIVED, LOG_V1, LOG_V2, read_log

if TYPE_CHECKING:
    from pathlib import Path

    from support.evidence import Evidence


def _lay_down(environment: BareEnvironment, log: Path) -> int:
    """Put a log into a store of the present schema, as if it had grown there; gives the number of its events."""
    environment.database.parent.mkdir(mode=0o700)
    subprocess.run([PROGRAMS / "released", "db", "upgrade", "--config", environment.config], check=True)
    rows = [row._asdict() for row in read_log(log)]
    names = tuple(rows[0])
    insert = f"INSERT INTO events ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"  # noqa: S608
    with closing(sqlite3.connect(environment.database)) as database, database:
        database.executemany(insert, rows)
    return len(rows)


def _derived(environment: BareEnvironment) -> dict[str, object]:
    """Give what is derived: the list of releases, and the files that operators read."""
    folder = environment.ops.checkout / ".asd" / "workspace" / "releases"
    listed = json.loads(environment.client("-o", "json", "list").stdout)
    return {"list": listed, **{file.name: file.read_text() for file in sorted(folder.glob("1234.*"))}}


@pytest.mark.parametrize("log", [LOG_V1, LOG_V2], ids=["version 1", "version 2"])
def test_the_log_of_each_version_derives_what_it_always_did(log: Path, tmp_path: Path, evidence: Evidence) -> None:
    """Row 55: golden logs, replayed at the start and by a rebuild."""
    environment = BareEnvironment(tmp_path)
    number = _lay_down(environment, log)
    with environment:
        at_start = _derived(environment)
        rebuilt = environment.client("rebuild")
        again = _derived(environment)

    assert at_start == again == json.loads(DERIVED[log].read_text()), rebuilt.stderr
    evidence.fired(number)
    evidence.add(versions_replayed=1)
