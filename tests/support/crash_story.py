"""A release of ``web`` with hooks and a script, told without and with deaths of the daemon, and what came of it."""

from __future__ import annotations

import json
import re
import shlex
import tarfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from docker import APIClient

from released.adapters.backups import sets
from support.deaths import through_deaths
from support.docker_stack import ENGINE_URL
from support.host import Host
from support.invariants import Remains, broken
from support.stack import ENVIRONMENT, Stack
from support.stories import TELL_SECRET, events, of_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from support.stack_images import FirstImages

TICKET = "1234"
SCRIPT = "1234-once.sh"
HOOKS = ("pre_start_init.sh", "post_start_init.sh", "ensure-config.sh")
_DISTURBED = ("event=interrupted", "event=resumed")
_STAYS_UP = Host()
_STAMP = re.compile(r"\b[0-9]{8}_[0-9]{6}(_[0-9]+)?\b")
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")


@dataclass(frozen=True)
class Ending:
    """What a release left behind, without what differs between any two releases."""

    exit_code: int
    """Of a client that watched its end."""
    head: str
    """``merged`` where the checkout stands at the merged commit."""
    differences: str
    """Between the work tree and that commit."""
    containers: Mapping[str, tuple[str, str, str]]
    """Image tag, state and health of every container of the project, by name."""
    starts: int
    """How often a container of ``web`` began, by the volume that outlives them."""
    dotenv: str
    env_file: str
    log: Sequence[str]
    """Phase, event and rc of each line, but for those about interruptions."""
    backups: Sequence[tuple[str, ...]]
    """The files of each backup set that reads back well."""
    witness: Sequence[str]
    """What hooks and scripts noted, in order."""
    succeeded: Mapping[str, int]
    """How often each step succeeded."""
    occupied_by: str


@dataclass(frozen=True)
class Told:
    """A release that is over, and its record."""

    ending: Ending
    record: Sequence[dict[str, Any]]
    plan: Mapping[str, str]
    """Every step and how it recovers, in order."""
    broken: Sequence[str]
    """Invariants that do not hold."""
    deaths: int
    """How many daemons were killed on the way."""


@contextmanager
def merged(home: Path, images: FirstImages) -> Iterator[Stack]:
    """Hand out an environment in which ``web`` runs and ticket 1234 is merged; no daemon runs."""
    stack = Stack.create(home, images, running=("web",))
    try:
        stack.merge(TICKET, _change(stack))
        yield stack
        assert stack.leaks() == []
    finally:
        stack.cleanup()


def uninterrupted(stack: Stack) -> Told:
    """Release the ticket with a daemon that lives."""
    daemon = stack.daemon()
    daemon.start()
    try:
        return _told(stack, stack.client("run", TICKET).returncode, 0)
    finally:
        daemon.end()


def with_deaths(stack: Stack, faults: Sequence[str], host: Host = _STAYS_UP, broken: str = "") -> Told:
    """Release the ticket with one daemon after the other, each killed by -9 at one of these points, and one that lives.

    Raises:
        AssertionError: a daemon did not come to its point.
    """
    daemon = stack.daemon(broken, host.within)
    try:
        return _told(stack, through_deaths(stack, daemon, faults, "run", TICKET, host=host), len(faults))
    finally:
        daemon.end()


def _change(stack: Stack) -> dict[str, str]:
    noting = f'echo "$(basename "$0")" >>{shlex.quote(str(_witness(stack)))}\n'
    body = f"#!/bin/sh\nset -eu\n{TELL_SECRET}{noting}"
    hooks = {f"packages/web/scripts/{hook}": body for hook in HOOKS}
    return {**stack.new_version("web", "2"), **hooks, f"releases/{SCRIPT}": body}


def _witness(stack: Stack) -> Path:
    return stack.home / "witness"


# --- what came of it ---------------------------------------------------------------------------------------------


def _told(stack: Stack, exit_code: int, deaths: int) -> Told:
    record = events(stack, TICKET)
    planned = [step for phase in of_type(record, "phase_started") for step in phase["steps"]]
    succeeded = [step["step"] for step in of_type(record, "step_succeeded")]
    head, merge = stack.ops.head(), stack.ops.head(stack.ops.developer)
    ending = Ending(
        exit_code=exit_code,
        head="merged" if head == merge else head,
        differences=stack.ops.git("status", "--porcelain") + stack.ops.git("diff", merge),
        containers=_containers(stack),
        starts=_starts(stack),
        dotenv=plain(stack, (stack.ops.checkout / ".env").read_text(encoding="utf-8")),
        env_file=plain(stack, stack.derived(TICKET, "env")),
        log=log_of(stack),
        backups=_backups(stack),
        witness=_witness(stack).read_text(encoding="utf-8").splitlines(),
        succeeded={step: succeeded.count(step) for step in succeeded},
        occupied_by=str(json.loads(stack.client("-o", "json", "status").stdout)["lock_ticket"]),
    )
    plan = {step["name"]: step["recovery"] for step in planned}
    return Told(ending, record, plan, broken(_remains(stack, ending, record)), deaths)


def _remains(stack: Stack, ending: Ending, record: Sequence[dict[str, Any]]) -> Remains:
    steps = {SCRIPT: SCRIPT, **{f"web.{hook}": hook for hook in HOOKS}}
    seen = {step: ending.witness.count(name) for step, name in steps.items()}
    return Remains.of_stack(stack, [event["event_id"] for event in record], seen)


def plain(stack: Stack, text: str) -> str:
    """Take out of a text what differs between any two environments."""
    places = {str(stack.home): "HOME", str(stack.names.port): "PORT"}
    own = {stack.secret: "SECRET", stack.names.prefix: "PREFIX-", **places}
    for value, name in own.items():
        text = text.replace(value, name)
    return _COMMIT.sub("COMMIT", _STAMP.sub("STAMP", text))


def log_of(stack: Stack) -> list[str]:
    """Give phase, event and rc of the lines of the ticket's log, but for those about interruptions."""
    fields = [line.split()[2:] for line in stack.derived(TICKET, "log").splitlines()]
    return [" ".join(one) for one in fields if one[1] not in _DISTURBED]


def _containers(stack: Stack) -> dict[str, tuple[str, str, str]]:
    project = {"label": f"com.docker.compose.project={stack.names.project('web')}"}
    with closing(APIClient(base_url=ENGINE_URL)) as api:
        found = [api.inspect_container(one["Id"]) for one in api.containers(all=True, filters=project)]
    return {
        one["Name"].removeprefix(f"/{stack.names.prefix}"): (
            one["Config"]["Image"].rpartition(":")[2],
            one["State"]["Status"],
            one["State"]["Health"]["Status"],
        )
        for one in found
    }


def _starts(stack: Stack) -> int:
    with closing(APIClient(base_url=ENGINE_URL)) as api:
        chunks, _ = api.get_archive(stack.names.container("web"), "/data/starts")
        archive = tarfile.open(fileobj=BytesIO(b"".join(chunks)))  # noqa: SIM115 (a file in memory)
    content = archive.extractfile("starts")
    return len(content.read().splitlines()) if content else 0


def _backups(stack: Stack) -> list[tuple[str, ...]]:
    folder = sets.set_directory(stack.state_dir, ENVIRONMENT, "web", "20260518_153012").parent
    return [tuple(plain(stack, file.name) for file in sets.verify(one).files) for one in sorted(folder.iterdir())]
