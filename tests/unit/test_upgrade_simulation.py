"""Another version of released takes over wherever a daemon dies: no step is done again because it has another name."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest

from released.domain import events as ev
from released.domain.ids import Phase
from released.domain.releases import recovery
from released.phases.effects import Harmless, Step
from support import simulation
from support.crash_claims import deaths, name_of
from support.simulated_phases import FAST_FORWARD, IMAGE, PROBE, RECREATE, SCRIPT, phases
from support.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from released.domain.releases.release import ReleaseState
    from released.engine.runner import Phases
    from support.evidence import Evidence
    from support.simulated_world import SimulatedWorld

EFFECTS = (FAST_FORWARD, IMAGE, RECREATE, SCRIPT)
ONCE = (RECREATE, SCRIPT)
"""The image may be got again at any time, and a checkout be brought where it is."""
ADDED = "pull-early"
REASONS = ("planned_otherwise", "step_in_doubt")


@pytest.fixture(scope="module", name="uninterrupted")
def _uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return Simulation(tmp_path_factory.mktemp("simulations")).live()


def renaming(name: str) -> Callable[[Step], Step]:
    """Give a version that has another name for a step."""
    return lambda step: Step(f"{name}-anew", step.effect) if step.name == name else step


def taken_over(life: Simulation, alter: Callable[[Step], Step]) -> Iterator[tuple[str, Simulation]]:
    """Let the daemon die at each place in each way, and one of another version live."""
    for moment in life.moments:
        for death in deaths(moment.place):
            crashed = moment.after(death)
            crashed.alter = alter
            yield f"{name_of(moment.place)}-{death}", crashed.live()


def complaints(taken: Simulation) -> list[str]:
    """List what is wrong once the other version has come to rest."""
    world, state = taken.world, taken.state
    why = state.halt.failure.code if state.halt else ""
    claims = {
        "I4: it neither went on nor says why": state.status != "released"
        and why not in ("planned_otherwise", "step_in_doubt"),
        "I4: it is in doubt without a reason": why == "step_in_doubt" and SCRIPT not in world.lost,
        "I2: a script was run twice": world.done.count(SCRIPT) > 1,
        "I2: an effect took place twice": any(world.traces.count(one) > 1 for one in ONCE),
        "I2: it is released and something is missing": state.status == "released"
        and not set(EFFECTS) <= set(world.traces),
    }
    return [claim for claim, holds in claims.items() if holds]


def wrong_of(taken: Mapping[str, Simulation], evidence: Evidence) -> dict[str, list[str]]:
    """Give what is wrong, by where the other version took over; note it."""
    wrong = {place: found for place, one in taken.items() if (found := complaints(one))}
    evidence.fired(len(taken))
    evidence.add(upgrades=len(taken))
    evidence.invariants(chain.from_iterable(wrong.values()))
    return wrong


@pytest.mark.parametrize("name", [*EFFECTS, PROBE])
def test_a_version_that_has_another_name_for_a_step_goes_on_or_halts(
    name: str, uninterrupted: Simulation, evidence: Evidence
) -> None:
    """Row 56: a step is renamed, and the new version takes over at every boundary."""
    taken = dict(taken_over(uninterrupted, renaming(name)))

    assert wrong_of(taken, evidence) == {}


def test_a_version_that_has_one_step_more_goes_on(
    uninterrupted: Simulation, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 56: a step is added, and the new version takes over at every boundary."""
    monkeypatch.setattr(simulation, "phases", with_one_more)

    taken = dict(taken_over(uninterrupted, lambda step: step))

    assert wrong_of(taken, evidence) == {}
    assert [place for place, one in taken.items() if one.state.halt and not one.world.lost] == []


def with_one_more(world: SimulatedWorld, reach: Callable[[str, str], None], alter: Callable[[Step], Step]) -> Phases:
    """Give the phases of a version that has one more step in migrate."""
    former = phases(world, reach, alter)

    def migrate(state: ReleaseState) -> list[Step]:
        return [Step(ADDED, Harmless(lambda _: ev.Checked(("✓",)))), *former[Phase.MIGRATE](state)]

    return {**former, Phase.MIGRATE: migrate}


def test_a_version_that_takes_a_renamed_step_for_a_new_one_is_noticed(
    uninterrupted: Simulation, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 56: a negative control."""
    monkeypatch.setattr(recovery, "planned_otherwise", lambda *_: None)

    taken = dict(taken_over(uninterrupted, renaming(SCRIPT)))

    evidence.fired(len(taken))
    evidence.control("a renamed step is taken for a new one", red=any(map(complaints, taken.values())))
