"""A script that outlives its daemon holds none of the daemon's locks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.bare_environment import BareEnvironment
from support.file_watch import await_content

if TYPE_CHECKING:
    from pathlib import Path

    from support.evidence import Evidence

_INHERITING = """\
import os, subprocess
from released import held_file
hold = held_file.hold
def inheritable(path, holder, mode=0o600):
    held = hold(path, holder, mode)
    os.set_inheritable(held._descriptor, True)
    return held
held_file.hold = inheritable
from released.store import sole_writer
sole_writer.hold = inheritable
start = subprocess.Popen.__init__
def careless(self, *args, **kwargs):
    start(self, *args, **{**kwargs, "close_fds": False})
subprocess.Popen.__init__ = careless
"""
"""A daemon whose children inherit its locks."""


class _Abandoned:
    """A release whose script still runs after its daemon was killed."""

    def __init__(self, home: Path, broken: str = "") -> None:
        self.environment = BareEnvironment(home, broken)
        self._gate, self._witness = home / "gate", home / "witness"
        os.mkfifo(self._gate)

    def begin(self) -> None:
        """Release, and kill the daemon while the script runs."""
        script = f"#!/bin/sh\necho began >>{self._witness}\ncat {self._gate}\n"
        self.environment.ops.merge_pull_request("t", {"releases/1234-blocks.sh": script}, "blocks")
        self.environment.client("run", "1234", "--detach")
        await_content(self._witness, b"began", 1)
        self.environment.daemon.kill()

    def let_end(self) -> None:
        """Let the script go on."""
        self._gate.open("w").close()


def test_the_next_daemon_starts_while_a_script_of_the_last_one_runs(tmp_path: Path, evidence: Evidence) -> None:
    """Rows 1 and 40: it names the release that was interrupted, and goes on with it."""
    abandoned = _Abandoned(tmp_path / "home")
    with abandoned.environment as environment:
        abandoned.begin()
        evidence.fired()
        environment.daemon.start()
        status = environment.client("status")
        abandoned.let_end()
        assert (status.returncode, "1234" in status.stdout) == (0, True)
        assert environment.client("watch", "1234").returncode == 0


@pytest.mark.tier1
def test_a_script_that_inherits_the_locks_keeps_the_next_daemon_out(tmp_path: Path, evidence: Evidence) -> None:
    """Row 40: the negative control, a daemon whose children inherit what it has open."""
    abandoned = _Abandoned(tmp_path / "home", _INHERITING)
    with abandoned.environment as environment:
        abandoned.begin()
        evidence.fired()
        code = environment.daemon.start_and_die("")
        abandoned.let_end()
        evidence.control("locks that children inherit", red=code == 2)
