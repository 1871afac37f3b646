"""A daemon that is asked to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from pathlib import Path


def test_a_daemon_that_is_asked_to_stop_exits_with_success_and_leaves_no_socket(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        assert environment.daemon.stop() == 0
        assert not list(environment.runtime.glob("*.sock"))
