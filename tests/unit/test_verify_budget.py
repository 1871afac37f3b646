"""A check of a service says in its intent how long it may take, so that nobody takes its patience for a hang."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from released.domain.releases.plan import Health
from released.phases.verify import verify_step
from support.given_when_then import service

if TYPE_CHECKING:
    from released.phases.world import World


@pytest.mark.parametrize(("budget_s", "health_s"), [(180.0, 30.0), (60.0, 180.0)])
def test_a_check_may_take_the_longer_of_its_budget_and_what_the_service_is_given(
    budget_s: float, health_s: float
) -> None:
    world = cast("World", SimpleNamespace(settings=SimpleNamespace(verify=SimpleNamespace(budget=budget_s))))
    patient = msgspec.structs.replace(service("web"), health=Health(timeout_s=health_s))

    assert verify_step("web.verify", world, patient, list).timeout_s == 180.0
