"""Releases that several tests look at: told once per module, from a fresh environment to the search for the secret."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.stack import Stack
from support.stack_files import SECRET_NAME, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.stack_images import FirstImages

TELL_SECRET = f'. ./.env\necho "the password is ${SECRET_NAME}"\n'
"""Lines of a script that give the secret away, so that the search for it means something."""


@contextmanager
def served(
    home: Path, images: FirstImages, running: Sequence[str] = SERVICES, **settings: object
) -> Iterator[tuple[Stack, Daemon]]:
    """Hand out an environment and its daemon, which runs; at the end the secret may be nowhere.

    Args:
        home: a folder of its own, which may be missing.
        images: the images of version 1.
        running: the services that are up before.
        settings: of the environment, in the daemon's configuration.
    """
    stack = Stack.create(home, images, running=running, settings=settings)
    daemon = stack.daemon()
    try:
        daemon.start()
        yield stack, daemon
        daemon.end()
        assert stack.leaks() == []
    finally:
        daemon.end()
        stack.cleanup()


def events(stack: Stack, ticket: str) -> list[dict[str, Any]]:
    """Read the record of a ticket as a program does."""
    printed = stack.client("-o", "jsonl", "events", ticket).stdout
    return [json.loads(line) for line in printed.splitlines()]


def of_type(record: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Give what the events of one type carry."""
    return [event["data"] for event in record if event["type"] == kind]


def started_steps(record: Sequence[dict[str, Any]]) -> list[str]:
    """Name the steps in the order in which they were begun, again for each attempt."""
    return [data["step"] for data in of_type(record, "step_started")]


def follow_until(stack: Stack, step: str, *arguments: str) -> tuple[subprocess.Popen[str], list[dict[str, Any]]]:
    """Start a client that follows, and read the events that it prints until a step begins; the caller ends it."""
    client = stack.start_client("-o", "jsonl", *arguments)
    assert client.stdout is not None
    seen: list[dict[str, Any]] = []
    while not (seen and seen[-1]["type"] == "step_started" and seen[-1]["data"]["step"] == step):
        seen.append(json.loads(client.stdout.readline()))
    return client, seen


@dataclass
class Halts:
    """What a client was told at each stop of a release, by the name that the story gives to it."""

    stack: Stack
    ticket: str
    told: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    """The ticket's log as it stood then."""
    containers: dict[str, dict[str, str]] = field(default_factory=dict)
    """The ids of the containers as they were then."""
    notes: dict[str, str] = field(default_factory=dict)
    """What else the story saw on its way."""

    def client(self, name: str, *arguments: str) -> None:
        """Run the client and keep what is to be seen afterwards."""
        stack = self.stack
        self.told[name] = stack.client(*arguments)
        self.logs[name] = stack.derived(self.ticket, "log")
        self.containers[name] = stack.containers.ids()

    def said(self, name: str) -> str:
        """Give all that the client printed."""
        return self.told[name].stdout + self.told[name].stderr

    def code(self, name: str) -> int:
        """Give the client's exit code."""
        return self.told[name].returncode

    def occupied_by(self) -> str:
        """Name the ticket that occupies the environment now; empty where it is free."""
        return str(json.loads(self.stack.client("-o", "json", "status").stdout)["lock_ticket"])

    @property
    def record(self) -> list[dict[str, Any]]:
        """The record of the ticket as it stands at last."""
        return events(self.stack, self.ticket)
