"""Releases on a machine that is reset again and again at moments of chance, and what was seen of them from outside."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.guest.machine import PATIENCE_S
from support.guest.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from support.guest.machine import Machine
    from support.guest.site import Site

_EVENTS = 40
"""About as many as a release has: the next reset comes after some of them,"""
_SECONDS = 4.0
"""and so long after the last of them at most: inside a step, too."""
_PATIENCE = 5
"""So often people go on with a release that halts again without a reset in between."""


@dataclass
class Ordeal:
    """The releases of one site, one after the other; people do what the daemon leaves to them."""

    machine: Machine
    site: Site
    chance: Random
    ticket: str = ""
    """The release that is under way."""
    released: int = 0
    acknowledged: set[str] = field(default_factory=set)
    """The ids of the events that a client was told of."""
    boots: list[str] = field(default_factory=list)
    """The id of each boot."""
    resumed_after_s: list[float] = field(default_factory=list)
    """How long after the start of the daemon it went on by itself, each time."""
    halts: Counter[str] = field(default_factory=Counter)
    """Why people had to go on with a release: the code of its failure."""

    def __post_init__(self) -> None:
        """Begin with the first release."""
        self._operator = Operator(self.machine, self.site)
        self._tickets = iter(self.site.merges)
        self._halt: dict[str, Any] = {}
        self._in_doubt = ""
        self._boot()
        self._release_next()

    def go_on(self) -> None:
        """Let releases go on until a moment of chance."""
        left = self.chance.randrange(_EVENTS)
        while left > 0:
            left -= self._hear(self.machine.events.next(PATIENCE_S))
        self._hear(self.machine.events.within(self.chance.uniform(0, _SECONDS)))

    def reset(self, reset: Callable[[Machine], list[dict[str, Any]]]) -> None:
        """Let releases go on until a moment of chance, reset the machine there, and see it come back."""
        self.go_on()
        self._note(reset(self.machine))
        self._boot()
        self._operator.watch(self.ticket)

    def finish(self) -> None:
        """Bring the release that is under way to its end, and begin no other."""
        self._tickets = iter(())
        while self.ticket:
            self._hear(self.machine.events.next(PATIENCE_S))

    def head(self) -> str:
        """Give the commit that was released last."""
        return list(self.site.merges.values())[self.released - 1]

    def _boot(self) -> None:
        self.boots.append(self._operator.wait_until_up())
        self._daemon_began = self._operator.daemon_began()
        self._orders = 0

    def _release_next(self) -> None:
        self.ticket = next(self._tickets, "")
        if self.ticket:
            self._operator.release(self.ticket)

    def _hear(self, lines: list[dict[str, Any]]) -> int:
        """Take in what a client printed, and act where it has ended; give how many events were news."""
        news = self._note(lines)
        for line in lines:
            if "exit" in line:
                self._act(line["exit"])
        return news

    def _note(self, lines: list[dict[str, Any]]) -> int:
        """Note what a client was told; after a reset it is told everything again."""
        fresh = [line for line in lines if "version" in line and line["event_id"] not in self.acknowledged]
        for event in fresh:
            self.acknowledged.add(event["event_id"])
            self._learn(event["type"], event)
        return len(fresh)

    def _learn(self, kind: str, event: dict[str, Any]) -> None:
        match kind:
            case "recovered" if event["data"]["boot_id"] == self.boots[-1]:
                went_on = dt.datetime.fromisoformat(event["at"])
                self.resumed_after_s.append(went_on.timestamp() - self._daemon_began)
            case "halted":
                self._halt = event["data"]
                self._in_doubt = self._halt["step"] if self._halt["cause"] == "in_doubt" else ""
            case "step_resolved":
                self._in_doubt = ""
            case _:
                pass

    def _act(self, status: int) -> None:
        """Do what a person does whose client has ended."""
        match status:
            case 0:
                self.released += 1
                self._release_next()
            case 4:  # the host was reset before the daemon had accepted it
                self._operator.release(self.ticket)
            case 1 | 8:  # it is halted, or in doubt
                self._go_on()
            case _:
                raise AssertionError(f"A client of ticket {self.ticket} ended with {status}.")

    def _go_on(self) -> None:
        failure = self._halt["failure"]
        assert failure["message"], f"{self.ticket} is halted without a reason"
        self._orders += 1
        assert self._orders <= _PATIENCE, f"{self.ticket} halts again and again: {failure}"
        self.halts[failure["code"]] += 1
        if self._in_doubt:
            self._operator.settle(self.ticket, self._in_doubt)
        self._operator.resume(self.ticket)
