"""What a person does in the guest: releases a ticket, follows it, and settles what the daemon leaves to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.guest.event_port import NAME
from support.guest.site import ORIGIN, WITNESS

if TYPE_CHECKING:
    from support.guest.machine import Machine
    from support.guest.site import Site

_FOLLOW = f"""\
until {{ releasectl "$@" -o jsonl; echo '{{"exit": '$?'}}'; }} >/dev/virtio-ports/{NAME}; do sleep 1; done
"""
"""The port has one writer at a time: the next one waits for the last to be gone."""


class Operator:
    """Works on one machine, which may be reset at any time."""

    def __init__(self, machine: Machine, site: Site) -> None:
        self._machine = machine
        self._site = site

    def release(self, ticket: str) -> None:
        """Merge a ticket, and ask for its release; ``events`` tells of it."""
        main = ("update-ref", "refs/heads/main", self._site.merges[ticket])
        self._machine.agent.must("git", "--git-dir", ORIGIN, *main)
        self._machine.agent.must(
            "sync"
        )  # the remote is on this disk for want of another host: it is not what is tested
        self._follow("run", ticket)

    def watch(self, ticket: str) -> None:
        """Have ``events`` tell of a release again, from its first event on."""
        self._follow("watch", ticket)

    def settle(self, ticket: str, step: str) -> None:
        """Answer what is in doubt: a look at what the script leaves tells."""
        answer = "done" if self._has_run(ticket) else "failed"
        reason = ("--reason", "looked at its witness", "--yes")
        self._machine.agent.must("releasectl", "resolve", ticket, step, "--as", answer, *reason)

    def resume(self, ticket: str) -> None:
        """Go on with a release that halted; ``events`` tells of it."""
        self._follow("resume", ticket, "--reason", "the host was reset")

    def wait_until_up(self) -> str:
        """Wait until systemd has started everything that it starts, or failed to; give the boot id."""
        self._machine.agent.run("systemctl", "is-system-running", "--wait")
        return self._machine.agent.must("cat", "/proc/sys/kernel/random/boot_id").strip()

    def daemon_began(self) -> float:
        """Give when the daemon that runs was started, as the guest's clock had it.

        Raises:
            AssertionError: none runs.
        """
        agent = self._machine.agent
        agent.must("systemctl", "is-active", "released")
        asked = ("--property=ExecMainStartTimestamp", "--value", "--timestamp=unix")
        return float(agent.must("systemctl", "show", "released", *asked).lstrip("@"))

    def _has_run(self, ticket: str) -> bool:
        return self._machine.agent.run("test", "-s", f"{WITNESS}/{ticket}").status == 0

    def _follow(self, *command: str) -> None:
        self._machine.agent.start("/bin/sh", "-c", _FOLLOW, "follow", *command)
