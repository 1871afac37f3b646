"""A release that halted half way is taken back: as for one that went through, a death of the daemon leaves no trace."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from support.way_back import HOOKS, LIVES, STEPS, Told, deaths, halted_in_migrate, tell
from support.way_back_ending import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.stack_images import FirstImages

WAY = "back"
WAYS = {WAY: ()}
STEPS_HERE = STEPS[:-1]
"""Nothing is pushed."""
pytestmark = pytest.mark.timeout(600)  # a life is that of thirty daemons


@pytest.fixture(scope="module", name="measure")
def _measure(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Mapping[str, Told]]:
    with halted_in_migrate(tmp_path_factory.mktemp("measure") / "stack", first_images) as stack:
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
) -> Iterator[Told]:
    """Go back with deaths at two points of every step."""
    with halted_in_migrate(tmp_path_factory.mktemp("killed") / "stack", first_images) as stack:
        yield tell(stack, WAYS, deaths(measure, points))[WAY]


def test_the_way_that_serves_as_measure_has_all_steps_and_went_well(measure: Mapping[str, Told]) -> None:
    told = measure[WAY]
    assert tuple(told.plan) == STEPS_HERE
    assert (told.ending.exit_code, told.ending.tree, told.ending.differences) == (0, "the former", "")
    assert (told.ending.occupied_by, told.ending.leftovers, told.ending.witness) == ("", [], [*HOOKS])
    assert set(told.ending.data) == {".", "before", "starts"}


@pytest.mark.parametrize("step", STEPS_HERE)
@pytest.mark.parametrize("death", [0, 1], ids=["first", "second"])
def test_the_daemon_died_there_and_the_step_succeeded_once(
    killed: Told, points: tuple[str, ...], death: int, step: str
) -> None:
    assert f"{points[death]}:{step}" in killed.deaths
    assert killed.succeeded.count(step) == 1


@pytest.mark.parametrize("what", [field.name for field in fields(Ending)])
def test_the_end_is_the_same_as_without_deaths(killed: Told, measure: Mapping[str, Told], what: str) -> None:
    assert getattr(killed.ending, what) == getattr(measure[WAY].ending, what)
