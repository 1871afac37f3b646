"""A machine that was paused while a service was looked at: it is judged by a look after its time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from released.adapters.interruption import Interruption
from released.phases import health

if TYPE_CHECKING:
    from released.domain.releases.plan import ServicePlan
    from released.phases.world import World

WELL, ILL = "✓ http-health: HTTP 200 (wiki)", "✗ http-health: HTTP 0 (wiki)"


def test_an_endpoint_that_answers_after_the_pause_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is paused during a probe, for longer than the service has time."""
    now = [0.0]
    answers = iter([ILL, WELL])

    def paused_probe(*_: object) -> list[str]:
        now[0] += 600.0
        return [next(answers)]

    monkeypatch.setattr(health, "endpoint_lines", paused_probe)
    world = cast("World", SimpleNamespace(monotonic=lambda: now[0], interruption=Interruption()))

    assert health._wait_endpoint(world, cast("ServicePlan", None), deadline=60.0) == [WELL]
