"""The daemon is killed by -9 in every step of a way back, at every point of each: nobody can tell from what it left.

A release is taken back, and then that revert, each with deaths around every step.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from support.stories import of_type
from support.way_back import HOOKS, LIVES, STEPS, Told, deaths, released, tell
from support.way_back_ending import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.evidence import Evidence
    from support.stack_images import FirstImages

WAYS = {"back": ("--push",), "forth": ("--push",)}
pytestmark = [pytest.mark.tier1, pytest.mark.timeout(1200)]  # a life is that of sixty daemons


@pytest.fixture(scope="module", name="measure")
def _measure(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Mapping[str, Told]]:
    with released(tmp_path_factory.mktemp("measure") / "stack", first_images) as stack:
        yield tell(stack, WAYS, {})


@pytest.fixture(scope="module", name="points", params=LIVES, ids=" and ".join)
def _points(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Where the daemon dies in each step."""
    points: tuple[str, ...] = request.param
    return points


@pytest.fixture(scope="module", name="killed")
def _killed(
    tmp_path_factory: pytest.TempPathFactory,
    first_images: FirstImages,
    measure: Mapping[str, Told],
    points: tuple[str, ...],
) -> Iterator[Mapping[str, Told]]:
    """Go back and forth with deaths at two points of every step."""
    with released(tmp_path_factory.mktemp("killed") / "stack", first_images) as stack:
        yield tell(stack, WAYS, deaths(measure, points))


# --- the measure -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_the_way_that_serves_as_measure_has_steps_of_all_kinds(measure: Mapping[str, Told], way: str) -> None:
    plan = measure[way].plan
    assert tuple(plan) == STEPS
    assert set(plan.values()) == {"repeat", "observe", "ask"}


@pytest.mark.parametrize(("way", "tree"), [("back", "the former"), ("forth", "the release's")])
def test_the_way_that_serves_as_measure_went_well(measure: Mapping[str, Told], way: str, tree: str) -> None:
    ending = measure[way].ending
    assert (ending.exit_code, ending.tree, ending.differences, ending.remote) == (0, tree, "", True)
    assert (ending.occupied_by, ending.leftovers) == ("", [])


def test_the_data_of_the_measure_went_back_and_forth(measure: Mapping[str, Told]) -> None:
    data = {way: set(told.ending.data) for way, told in measure.items()}
    assert (data["back"], data["forth"]) == ({".", "before", "starts"}, {".", "before", "back", "starts"})


def test_the_hooks_of_the_measure_ran_once_each_way(measure: Mapping[str, Told]) -> None:
    assert measure["forth"].ending.witness == [*HOOKS, *HOOKS]


# --- with deaths -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_the_invariants_hold(killed: Mapping[str, Told], way: str, evidence: Evidence) -> None:
    """Rows 2, 3, 7 and 11: the daemon dies at two points of every step of a way back."""
    deaths = len(killed[way].deaths)
    evidence.fired(deaths)
    evidence.add(crash_points=deaths, runs=1)
    evidence.invariants(killed[way].broken)

    assert killed[way].broken == []


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", WAYS)
def test_the_daemon_died_there_and_the_step_succeeded_once(
    killed: Mapping[str, Told], points: tuple[str, ...], way: str, step: str
) -> None:
    assert {f"{point}:{step}" for point in points} <= set(killed[way].deaths)
    assert killed[way].succeeded.count(step) == 1


@pytest.mark.parametrize("what", [field.name for field in fields(Ending)])
@pytest.mark.parametrize("way", WAYS)
def test_the_end_is_the_same_as_without_deaths(
    killed: Mapping[str, Told], measure: Mapping[str, Told], way: str, what: str
) -> None:
    assert getattr(killed[way].ending, what) == getattr(measure[way].ending, what)


@pytest.mark.parametrize("way", WAYS)
def test_every_restart_is_on_record(killed: Mapping[str, Told], way: str) -> None:
    assert len(of_type(killed[way].record, "recovered")) >= len(killed[way].deaths) - 1
