"""A record that grows old: output expires, evidence is kept, a secret goes out of it, a new version proves itself."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from support.bare_environment import BareEnvironment
from support.daemon_process import PROGRAMS, Daemon
from support.moved_clock import MovedClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TICKET = "1234"
DAY_S = 24 * 3600
SECRET = "s3cr3t-of-the-vendor"  # noqa: S105 (of a vendor that there is not)
SCRIPT = f"#!/bin/sh\necho logged in with {SECRET}\ntest -e .asd/mended\n"
FOLDER = f"steps/prod/{TICKET}/1"


class Aging(BareEnvironment):
    """An environment in which output expires after a day, with a release that halted and was mended."""

    def live(self) -> None:
        """Release the ticket."""
        self.ops.merge_pull_request(f"ticket-{TICKET}", {f"releases/{TICKET}-login.sh": SCRIPT}, "logs in")
        self.ask("run", TICKET, code=1)
        (self.ops.checkout / ".asd" / "mended").touch()
        self.ask("resume", TICKET, "--reason", "the vendor's host is up again")

    def let_days_pass(self, days: int) -> None:
        """Go on with a daemon that believes it is so much later."""
        clock = MovedClock.built_in(self.home)
        clock.set_wall(days * DAY_S)
        self.daemon.stop()
        self.daemon = Daemon(self.config, self.log, self.runtime, dict(os.environ) | clock.environment())
        self.daemon.start()

    def ask(self, *arguments: str, code: int = 0) -> str:
        """Run the client, which must end with this code; give what it printed."""
        finished = self.client(*arguments)
        assert finished.returncode == code, finished.stdout + finished.stderr
        return finished.stdout + finished.stderr

    def document(self, *arguments: str) -> dict[str, Any]:
        """Run the client and read its document."""
        found: dict[str, Any] = json.loads(self.ask("-o", "json", *arguments))
        return found

    def released(self, *arguments: str, told: str = "", code: int = 0) -> str:
        """Run ``released`` beside the daemon, or while there is none; give what it printed."""
        command = [str(PROGRAMS / "released"), *arguments, "--config", str(self.config)]
        finished = subprocess.run(command, input=told, capture_output=True, text=True, check=False)
        assert finished.returncode == code, finished.stdout + finished.stderr
        return finished.stdout + finished.stderr

    def tellers(self) -> list[Path]:
        """List the files that tell the secret: record, output, and what is derived."""
        workspace = self.ops.checkout / ".asd" / "workspace"
        files = [*self.database.parent.rglob("*"), *workspace.rglob("*")]
        return [file for file in files if file.is_file() and SECRET.encode() in file.read_bytes()]


@pytest.fixture(name="aging")
def _aging(tmp_path: Path) -> Iterator[Aging]:
    with Aging(tmp_path, retention={"output_days": 1}) as aging:
        aging.live()
        yield aging


def test_output_expires_and_events_stay(aging: Aging) -> None:
    assert aging.ask("gc", "--dry-run") == "0 bytes of 0 runs and hooks would be removed; their events stay.\n"
    events = aging.ask("events", TICKET)
    aging.let_days_pass(2)

    would = aging.document("gc", "--dry-run")["expired"]
    removed = aging.document("gc", "--request-id", "first-of-month")["expired"]

    assert [one["folder"] for one in would] == [one["folder"] for one in removed] == [FOLDER]
    assert list((aging.database.parent / FOLDER).rglob("output*")) == []
    assert list((aging.database.parent / FOLDER).rglob("result.json")) != []
    assert aging.ask("events", TICKET) == events
    assert "bytes of output are not kept any more" in aging.ask("logs", TICKET)
    assert "run 1: released" in aging.ask("replay", TICKET)
    assert aging.ask("verify-log").startswith("✓")


def test_a_legal_hold_keeps_it_until_it_is_lifted(aging: Aging) -> None:
    aging.let_days_pass(2)
    aging.ask("legal-hold", TICKET, "--reason", "the insurer asks", "--request-id", "legal-hold-1")

    told = aging.ask("gc")
    again = aging.ask("legal-hold", TICKET, "--reason", "so does the auditor", code=3)

    assert "kept: the insurer asks" in told
    assert told.endswith("0 bytes of 0 runs and hooks were removed; their events stay.\n")
    assert (aging.database.parent / FOLDER).is_dir()
    assert "is under a legal hold already" in again
    assert "the insurer asks" in aging.ask("status", TICKET)
    aging.ask("legal-hold", TICKET, "--lift", "--reason", "they have paid")
    assert "of 1 runs and hooks were removed" in aging.ask("gc")
    assert "is under no legal hold" in aging.ask("legal-hold", TICKET, "--lift", "--reason", "again", code=3)


def test_a_secret_goes_out_of_everything_that_told_it(aging: Aging) -> None:
    assert {file.name for file in aging.tellers()} >= {"output"}
    assert "in use" in aging.released("db", "redact", "--reason", "it was printed", "--yes", told=SECRET, code=2)
    aging.daemon.stop()

    told = aging.released("db", "redact", "--reason", "it was printed", "--yes", told=SECRET)
    aging.daemon.start()

    assert f"output {FOLDER}/" in told
    assert SECRET not in told
    verified = aging.ask("verify-log")
    assert f"! event 22: release/prod/{TICKET}, " in verified
    assert verified.splitlines()[-1].startswith("✓ ")
    assert aging.tellers() == []
    assert SECRET not in aging.ask("logs", TICKET) + aging.ask("events", TICKET) + aging.ask("diagnose", TICKET)
    assert "a secret was taken out of event" in aging.ask("watch", TICKET)
    assert "add --yes" in aging.released("db", "redact", "--reason", "once more", told="another-secret", code=2)


def test_a_version_proves_itself_against_the_record_while_the_daemon_runs(aging: Aging) -> None:
    before = aging.ask("events", TICKET)

    told = aging.released("selftest", "--cut", "--environment", "prod", "--ticket", TICKET)

    assert told.endswith(" 0 findings.\n")
    assert told.startswith("1 releases, ")
    assert aging.ask("events", TICKET) == before
    assert "no environment 'produ'" in aging.released("selftest", "--cut", "--environment", "produ", code=2)
    assert "Nothing is on record of ticket 9" in aging.released(
        "selftest", "--cut", "--environment", "prod", "--ticket", "9", code=2
    )


@pytest.mark.parametrize("projection", ["releases", "history", "files", "anchors"])
def test_one_projection_is_made_anew_while_the_daemon_serves(aging: Aging, projection: str) -> None:
    assert aging.document("rebuild", projection)["releases"] == 1
    assert aging.ask("verify-log").startswith("✓")


def test_nothing_expires_where_no_retention_is_set(tmp_path: Path) -> None:
    with Aging(tmp_path) as forever:
        assert "Output of prod is kept for ever" in forever.ask("gc", code=3)
