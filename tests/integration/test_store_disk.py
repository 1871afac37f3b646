"""What the store does when the disk fails or is full."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from released.store.errors import StoreFull
from support.store import REFUSED, STREAM, sqlite_store, write

TESTS = Path(__file__).parent.parent
PROGRAM = TESTS / "support" / "small_disk.py"
OWN_MOUNTS = ["unshare", "--map-root-user", "--mount"]


def _seen(*command: str) -> Any:  # noqa: ANN401 (JSON)
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def after_an_io_error(tmp_path: Path) -> Any:  # noqa: ANN401 (JSON)
    return _seen(sys.executable, str(PROGRAM), "io-error", str(tmp_path / "released.db"))


def test_a_commit_that_fails_is_unknown_and_the_store_takes_no_more(after_an_io_error: Any) -> None:  # noqa: ANN401
    assert after_an_io_error["codes"] == ["", "append_unknown", "store_stopped"]


def test_the_daemon_is_told_once_that_a_commit_failed(after_an_io_error: Any) -> None:  # noqa: ANN401
    assert after_an_io_error["fatal"] == ["AppendUnknown"]


@pytest.mark.usefixtures("after_an_io_error")
def test_after_a_failed_commit_a_new_start_finds_what_was_acknowledged(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "released.db") as store:
        assert [store.find("first") is None, store.find("third") is None] == [False, True]


def test_a_full_database_refuses_and_goes_on_once_there_is_space(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "released.db") as store:
        pages = store.query(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        store.project(lambda connection: _limit_pages(connection, pages))
        with pytest.raises(StoreFull):
            store.append([write(STREAM, 0, *[REFUSED] * 200)])
        store.project(lambda connection: _limit_pages(connection, 1_000_000))
        assert len(store.append([write(STREAM, 0, REFUSED)])) == 1


def test_a_full_disk_refuses_and_goes_on_once_there_is_space(tmp_path: Path) -> None:
    _skip_without_own_mounts()
    script = 'mount -t tmpfs -o size=4m,mode=0700 none "$1" && exec "$2" "$3" full "$1/released.db"'
    seen = _seen(*OWN_MOUNTS, "sh", "-c", script, "sh", str(tmp_path), sys.executable, str(PROGRAM))
    assert seen == {"codes": ["read_only", ""], "readable": True, "found_afterwards": 1}


def _limit_pages(connection: Connection, pages: int) -> None:
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def _skip_without_own_mounts() -> None:
    if shutil.which("unshare") is None or subprocess.run([*OWN_MOUNTS, "true"], check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk")
