"""Whoever replaces a container dies between two of its requests to the engine, or the engine dies in one of them.

Compose 1.29 stops the old container, renames it, makes the new one, starts it, and removes the old one.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest

from support import leftover_processes
from support.daemon_process import PATIENCE_S
from support.engine_relay import EngineRelay, Moment, engine_relay
from support.invariants import broken
from support.second_engine import SecondEngine, second_engine
from support.second_site import SecondSite, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.evidence import Evidence

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(300)]

_ON_CONTAINER = "POST /containers/"
STOP, RENAME, CREATE, START, REMOVE = (
    (f"{_ON_CONTAINER}{{old}}/stop",),
    (f"{_ON_CONTAINER}{{old}}/rename",),
    (f"{_ON_CONTAINER}create",),
    (f"{_ON_CONTAINER}create", _ON_CONTAINER),
    ("DELETE /containers/{old}",),
)
REQUESTS = {"stop": STOP, "rename": RENAME, "create": CREATE, "start": START, "remove": REMOVE}


class Story:
    """One release after the other on one engine, each brought down by a death."""

    def __init__(self, engine: SecondEngine, relay: EngineRelay, site: SecondSite) -> None:
        self.engine = engine
        self.relay = relay
        self.site = site
        self.daemon = site.daemon()
        self._numbers = count(2)
        self.version = "1"

    def begin(self) -> str:
        """Merge the next version; give its ticket."""
        self.version = str(next(self._numbers))
        self.site.merge(f"T{self.version}", self.version)
        return f"T{self.version}"

    def moment(self, requests: Sequence[str], sent_bytes: int = 0) -> Moment:
        """Give a moment of the recreate of what runs now."""
        old = self.engine.docker("inspect", "--format={{.Id}}", "prod-front").strip()
        return Moment(tuple(one.format(old=old) for one in requests), sent_bytes)

    def die(self) -> None:
        """Kill with -9 the daemon, the shim, and Compose."""
        leftover_processes.kill_below(self.site.home)

    @property
    def is_released(self) -> bool:
        """True where one container of the version runs under its name, and no other is there."""
        return self.site.containers() == [Seen("prod-front", self.version, "running", "healthy")]


def _story(home: Path, *, live_restore: bool = False) -> Iterator[Story]:
    runtime = Path(mkdtemp(prefix="relay-", dir="/tmp"))
    try:
        with (
            second_engine(live_restore=live_restore) as engine,
            engine_relay(runtime / "engine.sock", engine.url) as relay,
        ):
            yield Story(engine, relay, SecondSite.create(engine, home, relay.url))
    finally:
        rmtree(runtime)


@pytest.fixture(scope="module", name="story")
def _killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    yield from _story(tmp_path_factory.mktemp("killed"))


@pytest.mark.parametrize("request_", REQUESTS)
def test_after_the_death_of_whoever_replaces_it_one_container_of_the_release_runs(
    story: Story, evidence: Evidence, request_: str
) -> None:
    """Row 29: daemon, shim and Compose die once the engine has answered a request of the recreate."""
    ticket, moment = story.begin(), story.moment(REQUESTS[request_])
    story.daemon.start()
    story.relay.kill_at(moment, story.die)
    starter = story.site.client("run", ticket, "--detach")
    story.daemon.wait_dead()
    story.daemon.start()
    code = story.site.client("watch", ticket).returncode
    story.daemon.stop()
    evidence.fired(story.relay.has_struck.is_set())
    evidence.add(crash_points=1)

    assert starter.returncode == 0, starter.stderr
    assert code == 0, story.site.events(ticket)[-1]
    assert story.is_released, story.site.containers()
    assert broken(story.site.remains()) == []


@pytest.fixture(scope="module", name="engine_story", params=[False, True], ids=["", "live-restore"])
def _engine_killed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Story]:
    yield from _story(tmp_path_factory.mktemp("engine"), live_restore=request.param)


@pytest.mark.parametrize(("request_", "end"), [*((name, "kill") for name in REQUESTS), ("create", "stop")])
def test_after_the_death_of_the_engine_one_container_of_the_release_runs(
    engine_story: Story, evidence: Evidence, request_: str, end: str
) -> None:
    """Row 30: the engine is killed by -9, or stopped, while it is busy with a request; an operator resumes."""
    story = engine_story
    ticket, moment = story.begin(), story.moment(REQUESTS[request_], sent_bytes=1)
    story.daemon.start()
    story.relay.kill_at(moment, story.engine.kill if end == "kill" else story.engine.stop)
    story.site.client("run", ticket, "--detach")
    struck = story.relay.has_struck.wait(PATIENCE_S)
    story.engine.start()
    first = story.site.client("watch", ticket).returncode
    code = story.site.client("resume", ticket, "--reason", "the engine was killed").returncode if first else first
    story.daemon.stop()
    evidence.fired(struck)
    evidence.add(crash_points=1)

    assert code == 0, story.site.events(ticket)[-1]
    assert story.is_released, story.site.containers()
    assert broken(story.site.remains()) == []
