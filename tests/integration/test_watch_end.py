"""The end of a release that failed, as it is told to those who follow, while threads for patient looks are taken up."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from released.api import following
from released.api.following import told_end
from released.domain import events as ev
from released.domain.failure import Failure
from released.domain.ids import Phase
from released.domain.releases import lifecycle
from support.given_when_then import plan, requested, state_after

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from released.api.hub import Hub
    from released.engine.station import Station


class _BusyHub:
    """Has its one patient thread taken up until it is freed."""

    def __init__(self) -> None:
        self.free = Event()
        self._patient = ThreadPoolExecutor(1)
        self._patient.submit(self.free.wait)

    async def blocking(self, work: Callable[[], Any]) -> object:
        return work()

    async def patiently(self, _station: Station, work: Callable[[], Any]) -> object:
        return await asyncio.get_running_loop().run_in_executor(self._patient, work)


def test_the_end_is_told_without_a_diagnosis_where_that_has_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_DIAGNOSIS_S", 0.05)
    halted = ev.Halted(Phase.PREPARE, "failed", None, Failure("backup_failed", "The disk is full."))
    state = state_after(requested(plan(["web"])), ev.PhaseStarted(Phase.PREPARE, ()), halted)
    hub = _BusyHub()
    try:
        told = asyncio.run(told_end(cast("Hub", hub), cast("Station", SimpleNamespace(name="prod")), state))
    finally:
        hub.free.set()
    assert (told.state, told.HasField("diagnosis")) == (lifecycle.HALTED, False)
