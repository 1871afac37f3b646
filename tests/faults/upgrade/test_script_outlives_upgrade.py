"""A script that an older daemon began is adopted by the next version, also where the older one's files are gone."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import released
from released.version import VERSION
from support.bare_stack import bare_stack, begun
from support.blocking_script import TICKET
from support.daemon_process import Daemon
from support.invariants import Remains, broken

if TYPE_CHECKING:
    from support.evidence import Evidence
    from support.stack import Stack
    from support.stack_images import FirstImages

pytestmark = pytest.mark.tier1

OLDER = "0.0.9"


def older_version(folder: Path) -> Path:
    """Install this version under an older number into a folder of its own; give where Python finds it."""
    package = Path(released.__file__).parent
    shutil.copytree(package, folder / "daemon" / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    for shipped in ("migrations", "recovery"):
        shutil.copytree(package.parent.parent / shipped, folder / shipped)
    version = folder / "daemon" / package.name / "version.py"
    version.write_text(version.read_text(encoding="utf-8").replace(VERSION, OLDER), encoding="utf-8")
    return folder / "daemon"


def test_the_next_version_adopts_what_the_older_one_began(
    tmp_path: Path, first_images: FirstImages, evidence: Evidence
) -> None:
    """Rows 4 and 56: the daemon is killed, its files are replaced, and the next version is started, mid-script."""
    older_files = older_version(tmp_path / "older")
    with bare_stack(tmp_path, first_images) as stack:
        environment = stack._environment() | {"PYTHONPATH": str(older_files)}
        older, newer = Daemon(stack.config, stack.logs / "older.log", stack.runtime, environment), stack.daemon()
        older.start()
        script = begun(stack, rc=7)
        older.kill()
        shutil.rmtree(older_files)
        newer.start()
        script.let_end()
        watched = stack.client("watch", TICKET).returncode
        newer.end()

        assert served_by(stack) == [OLDER, VERSION]
        evidence.fired(int(older.process.returncode == -signal.SIGKILL))
        assert (watched, script.runs(), broken(Remains.of_stack(stack))) == (1, ["began", "ended"], [])


def served_by(stack: Stack) -> list[str]:
    """List the versions of the daemons that took the environment over, in their order."""
    with closing(sqlite3.connect(f"file:{stack.state_dir / 'released.db'}?mode=ro", uri=True)) as database:
        query = "SELECT json_extract(payload, '$.version') FROM events WHERE type = 'lease_taken' ORDER BY position"
        return [version for (version,) in database.execute(query)]
