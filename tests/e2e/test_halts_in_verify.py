"""A release whose container, then its checkout, is changed behind its back; one whose service becomes healthy late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from support.late_endpoint import late_endpoint
from support.stories import Halts, events, of_type, served, started_steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

    from support.stack import Stack
    from support.stack_images import FirstImages

BUDGET = {"budget": "2s"}
REASON = "the script's work was done by hand"


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Halts]:
    home = tmp_path_factory.mktemp("verify") / "stack"
    with served(home, first_images, ("front",), verify=BUDGET) as (stack, _):
        yield _told(stack)


def _told(stack: Stack) -> Halts:
    story = Halts(stack, "1234")
    script = "#!/bin/sh\necho run >>.asd/runs\ntest -e .asd/mended && git checkout --quiet --detach HEAD~1\n"
    stack.merge("1234", {**stack.new_version("front", "2"), "releases/1234-work.sh": script})
    story.client("script", "run", "1234")
    stack.containers.recreate_by_hand(stack.ops.checkout, "front", "1")
    story.client("no reason", "run", "1234", "--from=verify")
    story.client("drift", "run", "1234", "--from=verify", "--reason", REASON)
    (stack.ops.checkout / ".asd" / "mended").touch()
    story.client("moved", "run", "1234", "--from=migrate", "--reason", "front was recreated by hand")
    stack.ops.git("checkout", "--quiet", "main")
    story.client("end", "resume", "1234", "--reason", "mended")
    return story


def test_leaving_out_an_unfinished_phase_without_a_reason_is_wrong_usage(story: Halts) -> None:
    assert story.code("no reason") == 2
    assert "[ERROR] Going on from verify leaves ticket unfinished; say why with --reason" in story.said("no reason")


def test_a_resume_that_was_refused_leaves_the_log_of_the_ticket_as_it_was(story: Halts) -> None:
    assert story.logs["no reason"] == story.logs["script"]


def test_a_phase_that_was_left_out_is_recorded_with_its_reason(story: Halts) -> None:
    assert {"phase": "ticket", "reason": REASON} in of_type(story.record, "phase_skipped")
    assert " phase=ticket event=skipped\n" in story.logs["drift"]


def test_another_image_than_the_manifests_fails_the_release(story: Halts) -> None:
    image = story.stack.names.image("front")
    assert story.code("drift") == 1
    assert f"✗ front.image: got {image}:1, expected {image}:2" in story.said("drift")


def test_the_log_of_the_ticket_says_that_verify_failed(story: Halts) -> None:
    assert story.logs["drift"].endswith(" ticket=1234 phase=verify event=failed rc=1\n")


def test_the_way_back_from_verify_is_told(story: Halts) -> None:
    assert "release-run failed in phase verify. To roll back:" in story.said("drift")


def test_a_checkout_that_moved_between_two_phases_halts_the_release(story: Halts) -> None:
    assert story.code("moved") == 1
    assert "somebody moved the checkout" in story.said("moved")
    assert story.logs["moved"].endswith(" ticket=1234 phase=verify event=failed rc=1\n")


def test_resuming_from_migrate_recreates_the_service_again(story: Halts) -> None:
    assert story.code("end") == 0, story.said("end")
    assert story.stack.containers.running_tags() == {"front": "2"}


def test_nothing_of_prepare_is_done_again_by_resuming_from_migrate(story: Halts) -> None:
    assert started_steps(story.record).count("checkout.fast-forward") == 1


def test_a_script_that_never_exited_0_is_run_when_its_phase_comes_again(story: Halts) -> None:
    assert (story.stack.ops.checkout / ".asd" / "runs").read_text() == "run\nrun\n"


# --- the race ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="race")
def _race(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Race]:
    """Nothing is wrong but that the endpoint of front answers 503 twice when verify comes to it."""
    with (
        late_endpoint(refusals=2) as endpoint,
        served(tmp_path_factory.mktemp("race") / "stack", first_images, verify=BUDGET) as (stack, _),
    ):
        _let_front_answer_at(stack, endpoint.url)
        stack.merge("1234", {"releases/1234-greet.sh": "#!/bin/sh\necho hello\n"})
        run = stack.client("run", "1234", "--verify-all")
        yield Race(run, list(endpoint.answered), started_steps(events(stack, "1234")))


@dataclass(frozen=True)
class Race:
    """A release with ``--verify-all``."""

    run: CompletedProcess[str]
    answered: list[int]
    steps: list[str]


def _let_front_answer_at(stack: Stack, url: str) -> None:
    """Change the manifest and pull it by hand, so that it is no part of the release."""
    path = "packages/front/manifest.yaml"
    manifest = stack.new_version("front", "1")[path]
    health = f"health: {{endpoint: '{url}', timeout: 30s}}"
    stack.ops.commit({path: manifest.replace("health: {timeout: 30s}", health)}, "Front answers elsewhere")
    stack.ops.git("pull", "--quiet")


def test_verify_all_looks_at_every_service(race: Race) -> None:
    verified = [step for step in race.steps if step.endswith(".verify")]
    assert verified == ["web.verify", "front.verify", "slow.verify"]


def test_a_service_that_becomes_healthy_late_but_in_time_does_not_fail_the_release(race: Race) -> None:
    assert race.run.returncode == 0, race.run.stderr
    assert race.answered == [503, 503, 200]
