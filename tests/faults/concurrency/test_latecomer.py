"""A daemon that was stopped while another took its environment over: what it still wants to do is refused."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.store.errors import StaleEpoch
from released.store.sqlite import open_sqlite
from support.file_watch import await_content
from support.given_when_then import ACTOR, BEGIN
from support.invariants import Remains, broken
from support.older_record import TICKET, OlderRecord
from support.rivals import rival
from support.store import REFUSED, must_not_fail, sqlite_store, write

if TYPE_CHECKING:
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.evidence import Evidence

UNFENCED = """\
from released.store import batch
batch.Batch._check_fence = lambda *_: None
"""
"""A daemon that appends in whatever epoch."""
FATAL = 70


def _taken_over(story: OlderRecord) -> Daemon:
    """Stop the first daemon, and have a second one take over; the store's lock is deleted as a last resort would be."""
    environment = story.environment
    environment.daemon.process.send_signal(signal.SIGSTOP)
    environment.database.with_name("released.db.lock").unlink()
    second = rival(environment, "second", store=environment.database, recovery={"on_restart": "halt"})
    second.start()
    environment.daemon.process.send_signal(signal.SIGCONT)
    return second


def _refused(late: Daemon) -> int:
    """Count what was refused to a daemon: it ends with the first refusal."""
    return int("no longer owns the environment prod" in late.log)


@pytest.mark.tier1
def test_a_latecomer_in_the_middle_of_a_release_begins_nothing_more_and_ends(
    tmp_path: Path, evidence: Evidence
) -> None:
    """Rows 12 and 38: its script ends, the outcome and the next intent are refused, and the next script never runs."""
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        story.begin()
        second = _taken_over(story)
        story.let_end()
        code = environment.daemon.wait_dead()
        evidence.fired()
        evidence.add(fenced_attempts=1, fenced_refused=_refused(environment.daemon))
        second.end()
        assert (code, _refused(environment.daemon)) == (FATAL, 1)
        assert story.traces == 0
        assert broken(Remains(environment.database)) == []


@pytest.mark.tier1
def test_an_idle_latecomer_ends_at_its_next_command(tmp_path: Path, evidence: Evidence) -> None:
    """Row 38: what it is asked for is not put on record."""
    story = OlderRecord(tmp_path / "home")
    with story.environment as environment:
        second = _taken_over(story)
        told = environment.client("hold", "--reason", "the auditor is here")
        code = environment.daemon.wait_dead()
        evidence.fired()
        evidence.add(fenced_attempts=1, fenced_refused=_refused(environment.daemon))
        second.end()
        assert (told.returncode != 0, code, _refused(environment.daemon)) == (True, FATAL, 1)


@pytest.mark.tier1
def test_a_latecomer_that_no_epoch_fences_is_heard(tmp_path: Path, evidence: Evidence) -> None:
    """Row 38: the negative control, a daemon that appends in whatever epoch."""
    story = OlderRecord(tmp_path / "home", UNFENCED)
    with story.environment as environment:
        story.begin()
        second = _taken_over(story)
        story.let_end()
        await_content(environment.log, b"nobody expected", 1)
        evidence.fired()
        told = environment.client("note", TICKET, "this daemon is not the owner any more")
        second.end()
        evidence.control("a latecomer without epochs", red=told.returncode == 0)


def test_what_another_process_appended_is_seen_before_the_next_append(tmp_path: Path) -> None:
    """An epoch that another process took counts at once, although heads are kept in memory."""
    path = tmp_path / "released.db"
    with sqlite_store(path) as first:
        mine = first.take_lease("prod", "one", 1, "boot", "0", BEGIN, ACTOR)
        path.with_name("released.db.lock").unlink()
        second = open_sqlite(path, must_not_fail)
        second.take_lease("prod", "two", 2, "boot", "0", BEGIN, ACTOR)
        second.close()
        with pytest.raises(StaleEpoch):
            first.append([write(ev.release_stream("prod", TICKET), 0, REFUSED)], mine)
