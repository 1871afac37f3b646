"""A record that others may write to keeps the daemon from starting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence

USAGE = 2


@pytest.fixture(scope="module", name="stopped")
def _stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareEnvironment]:
    with BareEnvironment(tmp_path_factory.mktemp("exposed")) as environment:
        environment.daemon.stop()
        yield environment


@pytest.fixture(name="state")
def _state(stopped: BareEnvironment) -> Iterator[Path]:
    state = stopped.config.parent / "state"
    yield state
    state.chmod(0o700)
    (state / "released.db").chmod(0o600)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("", 0o777),
        pytest.param("", 0o720, marks=pytest.mark.tier1),
        ("released.db", 0o620),
        pytest.param("released.db", 0o666, marks=pytest.mark.tier1),
    ],
)
def test_a_daemon_does_not_start_on_a_record_that_others_may_write_to(
    name: str, mode: int, stopped: BareEnvironment, state: Path, evidence: Evidence
) -> None:
    """Row 45: the folder or the file of the record is open to others; the daemon says so, and ends."""
    place = state / name
    place.chmod(mode)
    evidence.fired(place.stat().st_mode & 0o777 == mode)

    assert stopped.daemon.start_and_die("") == USAGE
    assert f"[ERROR] Others may write to {place}" in stopped.daemon.log
    assert f"mode {mode:04o}" in stopped.daemon.log
    assert place.stat().st_mode & 0o777 == mode
