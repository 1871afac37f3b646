"""Ways back of a release of ``web``, with its data: told without and with deaths of the daemon."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from released.engine.faults import POINTS
from support.deaths import expect_killed, through_deaths
from support.host import Host
from support.invariants import Remains, broken
from support.stack import Stack
from support.standing import Standing
from support.stories import TELL_SECRET, events, of_type
from support.way_back_ending import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from support.engine_relay import EngineRelay, Moment
    from support.stack_images import FirstImages

_STAYS_UP = Host()
TICKET = "1234"
HOOKS = ("chown-data.sh", "post_data_restore.sh")
"""What follows a restore, in order."""
STEPS = (
    "revert.checkout",
    "revert.web.save",
    "revert.web.keep-images",
    "revert.code",
    "revert.env-file",
    "revert.web.compose",
    "revert.web.image",
    "revert.web.restore",
    "revert.web.tag",
    "revert.web.recreate",
    "revert.web.fix.chown-data.sh",
    "revert.web.healthy",
    "revert.web.post_data_restore.sh",
    "revert.web.verify",
    "revert.push",
)
"""Of a way back, in order; the last one only where that is asked for."""
LIVES = (POINTS[:2], POINTS[2:])
"""The fault points of a step, halved: a step in which three daemons died would halt."""
_FIXES = "fixes: {post_restore: {functions: [chown-data]}}\n"
REVERT = ("revert", TICKET, "--yes", "--with-data", "web")
"""The command that takes back what stands, a release or a revert."""


@dataclass(frozen=True)
class Told:
    """A way back that is over."""

    ending: Ending
    record: Sequence[dict[str, Any]]
    """The events of the ticket since the way back was asked for."""
    plan: Mapping[str, str]
    """Every step and how it recovers, in order."""
    deaths: Sequence[str]
    """The fault points at which a daemon was killed."""
    broken: Sequence[str]
    """Invariants that do not hold."""

    @property
    def succeeded(self) -> list[str]:
        """Name the steps that succeeded, as often as they did."""
        return [step["step"] for step in of_type(self.record, "step_succeeded")]


def tell(
    stack: Stack,
    ways: Mapping[str, Sequence[str]],
    faults: Mapping[str, Sequence[str]],
    host: Host = _STAYS_UP,
) -> dict[str, Told]:
    """Go back and forth, and tell what came of each way.

    Args:
        stack: an environment in which ticket 1234 can be taken back; no daemon runs.
        ways: name of each way, in order, to the options of its command.
        faults: name of a way to the fault points at which a daemon dies on it, in order.
        host: what is under the daemons.

    Raises:
        AssertionError: a daemon did not come to its point.
    """
    told = {}
    for way, options in ways.items():
        write_data(stack, way)
        told[way] = _go_back(stack, faults.get(way, ()), host, *options)
    return told


def deaths(measure: Mapping[str, Told], points: Sequence[str]) -> dict[str, list[str]]:
    """List the deaths at these points of every step that was recorded as planned, for each way."""
    return {way: [f"{point}:{step}" for step in told.plan for point in points] for way, told in measure.items()}


def go_back_dying_at(stack: Stack, relay: EngineRelay, moment: Moment) -> Ending:
    """Take back what stands, with a daemon that dies at a moment of its talk with the engine, and one that lives.

    Raises:
        AssertionError: it did not come to the moment.
    """
    before, daemon = Standing.of(stack), stack.daemon()
    daemon.start()
    relay.kill_at(moment, daemon.process.kill)
    starter = stack.start_client(*REVERT, "--detach")
    try:
        expect_killed(daemon.wait_dead(), str(moment), daemon)
        daemon.start()
        return _told(stack, before, stack.client("watch", TICKET).returncode, ()).ending
    finally:
        daemon.end()
        starter.communicate()


@contextmanager
def released(
    home: Path, images: FirstImages, hooks: Callable[[Stack], dict[str, str]] | None = None, **settings: object
) -> Iterator[Stack]:
    """Hand out an environment in which ticket 1234 is released; no daemon runs.

    Args:
        home: a folder of its own, which may be missing.
        images: the images of version 1.
        hooks: gives name and content of what follows a restore; ``HOOKS`` where it is left out, which note that they
            ran. Among them is ``chown-data``.
        settings: of the environment, in the daemon's configuration.
    """
    with _run(home, images, {}, expected=0, hooks=hooks, settings=settings) as stack:
        yield stack


@contextmanager
def halted_in_migrate(home: Path, images: FirstImages) -> Iterator[Stack]:
    """Hand out an environment in which ticket 1234 is halted after its service was recreated; no daemon runs."""
    with _run(home, images, {"packages/web/scripts/post_start_init.sh": "#!/bin/sh\nexit 7\n"}, expected=1) as stack:
        yield stack


@contextmanager
def _run(
    home: Path,
    images: FirstImages,
    more: Mapping[str, str],
    expected: int,
    hooks: Callable[[Stack], dict[str, str]] | None = None,
    settings: Mapping[str, object] | None = None,
) -> Iterator[Stack]:
    stack = Stack.create(home, images, running=("web",), settings=settings)
    try:
        _prepare_the_ground(stack, (hooks or _noting)(stack))
        stack.merge(TICKET, {**_with_fixes(stack.new_version("web", "2")), **more})
        daemon = stack.daemon()
        daemon.start()
        assert stack.client("run", TICKET).returncode == expected
        daemon.end()
        yield stack
        assert stack.leaks() == []
    finally:
        stack.cleanup()


def _noting(stack: Stack) -> dict[str, str]:
    noting = f'echo "$(basename "$0")" >>{shlex.quote(str(stack.home / "witness"))}\n'
    return dict.fromkeys(HOOKS, f"#!/bin/sh\nset -eu\n{TELL_SECRET}{noting}")


def _prepare_the_ground(stack: Stack, hooks: Mapping[str, str]) -> None:
    """Have hooks that follow a restore in the version that stands before, and data of its time."""
    files = {f"packages/web/scripts/{name}": content for name, content in hooks.items()}
    stack.ops.commit({**_with_fixes(stack.new_version("web", "1")), **files}, "What follows a restore")
    stack.ops.git("pull", "--quiet")
    write_data(stack, "before")


def _with_fixes(files: Mapping[str, str]) -> dict[str, str]:
    manifest = "packages/web/manifest.yaml"
    return {**files, manifest: files[manifest] + _FIXES}


def write_data(stack: Stack, name: str) -> None:
    """Have a user of ``web`` write a file of a megabyte."""
    stack.containers.run_in("web", "sh", "-c", f"yes {name} | head -c 1000000 >/data/{name}")


def _go_back(stack: Stack, faults: Sequence[str], host: Host, *options: str) -> Told:
    before, daemon = Standing.of(stack), stack.daemon(within=host.within)
    try:
        if faults:
            code = through_deaths(stack, daemon, faults, *REVERT, *options, host=host)
        else:
            daemon.start()
            code = stack.client(*REVERT, *options).returncode
        return _told(stack, before, code, faults)
    finally:
        daemon.end()


def _told(stack: Stack, before: Standing, code: int, deaths: Sequence[str]) -> Told:
    record = events(stack, TICKET)
    begun = max(number for number, event in enumerate(record) if event["type"] == "revert_requested")
    since = record[begun:]
    (planned,) = (phase["steps"] for phase in of_type(since, "phase_started"))
    plan = {step["name"]: step["recovery"] for step in planned}
    remains = Remains.of_stack(stack, [event["event_id"] for event in record])
    return Told(Ending.of(stack, before, since, code), since, plan, deaths, broken(remains))
