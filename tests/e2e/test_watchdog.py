"""A daemon whose supervisor watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S
from support.notify_socket import NotifySocket

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_watched_daemon_says_again_and_again_that_it_is_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    with BareEnvironment(tmp_path) as watched, NotifySocket(watched.runtime / "notify") as supervisor:
        for _ in range(2):
            assert supervisor.wait_for(b"WATCHDOG=1", watched.daemon.process.pid, PATIENCE_S)
