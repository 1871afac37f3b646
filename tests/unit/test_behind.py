"""A command that asks the list of releases is not decided on half of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest

from released.api.hub import Hub
from released.domain.errors import Refused
from released.engine.station import Station

T = TypeVar("T")
STATION = cast("Station", SimpleNamespace(store=SimpleNamespace(head=lambda: 9)))


class BehindHub:
    """A hub whose list of releases has come to a position of the log, and all else nowhere."""

    def __init__(self, position: int) -> None:
        self.projector = SimpleNamespace(names=frozenset(("releases", "history", "files/prod")), wait_for=self._wait)
        self._position = position

    def _wait(self, position: int, _timeout_s: float, without: frozenset[str]) -> bool:
        assert without == {"history", "files/prod"}
        return self._position >= position

    async def blocking(self, work: Callable[[], T]) -> T:
        return work()

    async def command(self, _station: Station, work: Callable[[], T]) -> T:
        return work()


def planned(position: int) -> str:
    """Have a command planned."""
    return asyncio.run(Hub.planned(cast("Hub", BehindHub(position)), STATION, lambda: "decided"))


def test_it_is_refused_where_the_list_is_behind() -> None:
    with pytest.raises(Refused, match=r"stands behind event 9 of the log") as refused:
        planned(8)
    assert refused.value.code == "list_behind"


def test_it_is_decided_where_only_other_projections_are_behind() -> None:
    assert planned(9) == "decided"
