"""A release that halted half way is taken back: as for one that went through, a death of the daemon leaves no trace."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from support.way_back import HOOKS, LIVES, STEPS, Told, deaths, halted_in_migrate, tell
from support.way_back_ending import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.evidence import Evidence
    from support.stack_images import FirstImages

WAY = "back"
WAYS = {WAY: ()}
STEPS_HERE = STEPS[:-1]
"""Nothing is pushed."""
pytestmark = [pytest.mark.tier1, pytest.mark.timeout(600)]  # a life is that of thirty daemons


@pytest.fixture(scope="module", name="measure")
def _measure(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Mapping[str, Told]]:
    with halted_in_migrate(tmp_path_factory.mktemp("measure") / "stack", first_images) as stack:
        yield tell(stack, WAYS, {})


def _lives() -> Iterator[Any]:
    yield pytest.param(("after-effect",), id="after-effect")
    yield from (pytest.param(points, id=" and ".join(points), marks=pytest.mark.tier1) for points in LIVES)


@pytest.fixture(scope="module", name="points", params=_lives())
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
) -> Iterator[Told]:
    """Go back with deaths at these points of every step."""
    with halted_in_migrate(tmp_path_factory.mktemp("killed") / "stack", first_images) as stack:
        yield tell(stack, WAYS, deaths(measure, points))[WAY]


def test_the_way_that_serves_as_measure_has_all_steps_and_went_well(measure: Mapping[str, Told]) -> None:
    told = measure[WAY]
    assert tuple(told.plan) == STEPS_HERE
    assert (told.ending.exit_code, told.ending.tree, told.ending.differences) == (0, "the former", "")
    assert (told.ending.occupied_by, told.ending.leftovers, told.ending.witness) == ("", [], [*HOOKS])
    assert set(told.ending.data) == {".", "before", "starts"}


def test_the_invariants_hold(killed: Told, evidence: Evidence) -> None:
    """Rows 2, 3, 7 and 11: the daemon dies at one point or two of every step of a way back."""
    evidence.fired(len(killed.deaths))
    evidence.add(crash_points=len(killed.deaths), runs=1)
    evidence.invariants(killed.broken)

    assert killed.broken == []


@pytest.mark.parametrize("step", STEPS_HERE)
def test_the_daemon_died_there_and_the_step_succeeded_once(killed: Told, points: tuple[str, ...], step: str) -> None:
    assert {f"{point}:{step}" for point in points} <= set(killed.deaths)
    assert killed.succeeded.count(step) == 1


@pytest.mark.parametrize("what", [field.name for field in fields(Ending)])
def test_the_end_is_the_same_as_without_deaths(killed: Told, measure: Mapping[str, Told], what: str) -> None:
    assert getattr(killed.ending, what) == getattr(measure[WAY].ending, what)
