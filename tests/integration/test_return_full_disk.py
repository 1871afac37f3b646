"""A return to the configured branch whose outcome the disk had no space for is recorded once there is some."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.ids import RequestId
from released.engine import faults, supervisor
from released.engine.instruments import Instruments
from released.engine.selftest.unchallenged import Unchallenged
from released.engine.station import Station, open_station, open_world
from released.store.errors import StoreFull
from support.docker_stack import ENGINE_URL
from support.given_when_then import ACTOR, ENVIRONMENT
from support.ops_repo import OpsRepo
from support.store import must_not_fail, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from released.store.event_store import EventStore, Fence, StreamWrite

FIRST = RequestId("request-1")
PATIENCE_S = 60.0


@pytest.fixture(name="repo")
def _repo(tmp_path: Path) -> OpsRepo:
    """A checkout on a hotfix branch."""
    repo = OpsRepo.create(tmp_path / "repos")
    repo.git("switch", "--quiet", "--create", "hotfix")
    return repo


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    with sqlite_store(tmp_path / "released.db") as store:
        yield store


@pytest.fixture(autouse=True)
def _full(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first two attempts to record the end of a return meet a full disk."""
    full, append = [StoreFull(Path("released.db")), StoreFull(Path("released.db"))], store.append

    def append_where_there_is_space(
        writes: Sequence[StreamWrite], fence: Fence | None = None
    ) -> tuple[ev.Recorded, ...]:
        if full and any(isinstance(new.event, ev.ReturnEnded) for write in writes for new in write.events):
            raise full.pop()
        return append(writes, fence)

    monkeypatch.setattr(store, "append", append_where_there_is_space)
    monkeypatch.setattr(supervisor, "_PAUSE_S", 0.0)


@pytest.fixture(name="station")
def _station(tmp_path: Path, repo: OpsRepo, store: EventStore) -> Iterator[Station]:
    station = opened(tmp_path, repo, store)
    yield station
    assert station.supervisor.stop(PATIENCE_S)


def opened(folder: Path, repo: OpsRepo, store: EventStore) -> Station:
    """Open the environment as a daemon does that starts."""
    settings = Environment.model_validate({"repo": str(repo.checkout), "docker": ENGINE_URL})
    instruments = Instruments()
    fence = store.take_lease(ENVIRONMENT, "host", 1, instruments.boot_id, "0", instruments.now(), ACTOR)
    world = open_world(ENVIRONMENT, settings, folder)
    return open_station(world, Unchallenged(), store, fence, instruments, faults.nothing, must_not_fail)


def returns(store: EventStore) -> list[str]:
    """List what is on record of returns."""
    events = (one.event for one in store.read(ev.environment_stream(ENVIRONMENT)))
    return [type(one).__name__ for one in events if isinstance(one, ev.ReturnStarted | ev.ReturnEnded)]


def await_end(store: EventStore) -> None:
    """Wait until the end of a return is on record."""
    seen = 0
    while "ReturnEnded" not in returns(store):
        before, seen = seen, store.wait(seen, PATIENCE_S)
        assert seen > before, "nothing was recorded for a minute"


def test_who_asked_is_told_of_the_full_disk_and_the_end_is_recorded_later(
    station: Station, store: EventStore, repo: OpsRepo
) -> None:
    station.supervisor.start()
    with pytest.raises(StoreFull):
        station.return_to_main(FIRST, "", ACTOR)

    await_end(store)

    assert (returns(store), repo.git("branch", "--show-current")) == (["ReturnStarted", "ReturnEnded"], "main")


def test_who_asks_again_is_told_that_it_is_done(station: Station, store: EventStore) -> None:
    station.supervisor.start()
    with pytest.raises(StoreFull):
        station.return_to_main(FIRST, "", ACTOR)
    await_end(store)

    assert station.return_to_main(FIRST, "", ACTOR).from_branch == "hotfix"
    assert returns(store) == ["ReturnStarted", "ReturnEnded"]


def test_a_daemon_that_starts_on_a_full_disk_records_the_end_once_there_is_space(
    station: Station, store: EventStore, repo: OpsRepo, tmp_path: Path
) -> None:
    with pytest.raises(StoreFull):
        station.return_to_main(FIRST, "", ACTOR)
    next_daemon = opened(tmp_path, repo, store)

    next_daemon.supervisor.start()
    await_end(store)

    assert next_daemon.supervisor.stop(PATIENCE_S)
    assert returns(store) == ["ReturnStarted", "ReturnEnded"]
