"""An ``index.lock`` in the checkout: one that a dead git left, and one of a git that still works there."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from support.file_watch import await_content
from support.fresh_sites import served_sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.evidence import Evidence
    from support.site import Site

SCRIPT = {"releases/1-a.sh": "#!/bin/sh\n"}


@pytest.fixture(scope="module", name="fresh")
def _fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Site]]:
    with served_sites(tmp_path_factory.mktemp("sites"), 2) as (_, fresh):
        yield fresh


@contextmanager
def _working_in(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """Have a git of somebody else hold the lock until it is told its last entry."""
    command = ["git", "update-index", "--index-info"]
    with subprocess.Popen(command, cwd=site.ops.checkout, stdin=subprocess.PIPE) as stranger:
        await_content(site.ops.checkout / ".git" / "index.lock", b"")
        yield stranger


def test_a_lock_that_a_dead_git_left_is_taken_away(fresh: Callable[[], Site], evidence: Evidence) -> None:
    """Row 36: a stale index.lock, while no git works in the checkout."""
    site = fresh()
    lock = site.ops.checkout / ".git" / "index.lock"
    lock.touch()
    merge = site.merge("1", SCRIPT)
    with pytest.raises(AssertionError, match=r"index\.lock': File exists"):
        site.git("add", "README.md")

    released = site.client("run", "1")

    assert (released.returncode, lock.exists(), site.ops.head()) == (0, False, merge), released.stderr
    evidence.fired()


def test_the_lock_of_a_git_that_works_is_left_and_the_release_halts_until_it_is_done(
    fresh: Callable[[], Site], evidence: Evidence
) -> None:
    """Row 36: an index.lock of somebody else's git, which lives."""
    site = fresh()
    site.merge("1", SCRIPT)
    with _working_in(site) as stranger:
        halted = site.client("run", "1")
        kept = (site.ops.checkout / ".git" / "index.lock").exists()

    resumed = site.client("resume", "1", "--reason", "they are done")

    assert (halted.returncode, kept, stranger.returncode, resumed.returncode) == (1, True, 0, 0), halted.stderr
    assert f"git works in the checkout: pid {stranger.pid}" in halted.stderr
    evidence.fired()
