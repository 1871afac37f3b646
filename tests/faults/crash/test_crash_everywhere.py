"""The daemon is killed by -9 in every step of a release, at every point of each: nobody can tell from what it left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from released.engine.faults import POINTS
from support import crash_story
from support.crash_story import HOOKS, SCRIPT, Told
from support.stories import of_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.evidence import Evidence
    from support.stack_images import FirstImages

POINT = "after-effect"
"""The point that every run of the suite goes through: what took place is not on record yet."""
pytestmark = pytest.mark.timeout(600)  # a release is that of twenty daemons


@pytest.fixture(scope="module", name="lived")
def _lived(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Told]:
    with crash_story.merged(tmp_path_factory.mktemp("lived") / "stack", first_images) as stack:
        yield crash_story.uninterrupted(stack)


def _deaths() -> Iterator[Any]:
    for point in POINTS:
        yield pytest.param((point, 1), id=point, marks=() if point == POINT else pytest.mark.tier1)
    yield pytest.param((POINT, 2), id=f"{POINT}, twice", marks=pytest.mark.tier1)


@pytest.fixture(scope="module", name="killed", params=_deaths())
def _killed(
    tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages, lived: Told, request: pytest.FixtureRequest
) -> Iterator[Told]:
    """Release with a death at one point of every step, or with a second one while the daemon recovers from the first.

    A step that may be repeated does not recover, but begins anew: it has only one death.
    """
    point, times = request.param
    faults = [
        f"{point}:{step}" for step, recovery in lived.plan.items() for _ in range(1 if recovery == "repeat" else times)
    ]
    with crash_story.merged(tmp_path_factory.mktemp("killed") / "stack", first_images) as stack:
        yield crash_story.with_deaths(stack, faults)


def test_the_release_that_serves_as_measure_has_steps_of_all_kinds_and_went_well(lived: Told) -> None:
    assert set(lived.plan.values()) == {"repeat", "observe", "ask"}
    assert lived.ending.exit_code == 0
    assert lived.ending.witness == ["pre_start_init.sh", "post_start_init.sh", "ensure-config.sh", SCRIPT]


def test_it_is_released(killed: Told, evidence: Evidence) -> None:
    """Rows 1, 2, 7 and 11: the daemon dies at one point of every step, twice where it recovers in between."""
    evidence.fired(killed.deaths)
    evidence.add(crash_points=killed.deaths, runs=1)
    evidence.invariants(killed.broken)

    assert killed.broken == []
    assert killed.ending.exit_code == 0


def test_the_checkout_stands_at_the_merged_commit_and_nothing_in_it_differs(killed: Told) -> None:
    assert (killed.ending.head, killed.ending.differences) == ("merged", "")


def test_the_same_containers_run_the_same_tags_and_are_healthy(killed: Told, lived: Told) -> None:
    assert killed.ending.containers == lived.ending.containers


def test_no_container_was_started_more_often(killed: Told, lived: Told) -> None:
    assert killed.ending.starts == lived.ending.starts


def test_the_dotenv_file_is_the_same(killed: Told, lived: Told) -> None:
    assert killed.ending.dotenv == lived.ending.dotenv


def test_the_derived_variables_are_the_same(killed: Told, lived: Told) -> None:
    assert killed.ending.env_file == lived.ending.env_file


def test_the_log_has_the_same_lines_but_for_the_interruptions(killed: Told, lived: Told) -> None:
    assert killed.ending.log == lived.ending.log


def test_there_is_the_same_backup_and_it_reads_back_well(killed: Told, lived: Told) -> None:
    assert killed.ending.backups == lived.ending.backups


def test_each_hook_and_the_script_ran_once_in_order(killed: Told) -> None:
    assert killed.ending.witness == [*HOOKS, SCRIPT]


def test_each_step_succeeded_once(killed: Told, lived: Told) -> None:
    assert killed.ending.succeeded == lived.ending.succeeded
    assert set(killed.ending.succeeded.values()) == {1}


def test_the_environment_is_free(killed: Told) -> None:
    assert killed.ending.occupied_by == ""


def test_the_record_has_no_gap(killed: Told) -> None:
    assert [event["version"] for event in killed.record] == [*range(1, len(killed.record) + 1)]


def test_every_restart_is_on_record(killed: Told, lived: Told) -> None:
    assert len(of_type(killed.record, "recovered")) >= len(lived.plan)
