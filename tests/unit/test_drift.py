"""What counts as drift, what is said of it, and what mends it."""

from __future__ import annotations

import pytest

from released.adapters.docker.containers import Running
from released.domain import events as ev
from released.domain.environments.drift import Checkout, Deployed, checkout_findings, pin_finding, release_findings
from released.domain.ids import Phase, ServiceName
from released.domain.releases.plan import BackupPolicy, Container, Health, Image, ServicePlan
from released.phases.drift import stray_findings
from released.phases.images import image_lines
from support.given_when_then import TICKET, halted, requested, started, state_after

HERE, THERE = "a" * 40, "b" * 40
REPO = "/opt/ops"
ENV_FILE = "/opt/ops/.env"
IMAGE = Image("wiki", "2", "WIKI_IMAGE_TAG")
OLD_ID, NEW_ID = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"
SERVICE = ServicePlan(
    name=ServiceName("wiki"),
    display_name="Wiki",
    priority=50,
    depends_on=(),
    stateful=False,
    folder="packages/wiki",
    image=IMAGE,
    containers=(Container("prod-wiki"), Container("prod-wiki-db", role="database")),
    health=Health(),
    backup=BackupPolicy(),
    compose_file=None,
)


def _running(name: str = "prod-wiki", image: str = "wiki:2", image_id: str = NEW_ID) -> Running:
    return Running("id", name, image_id, image, "running", "", 0, 0, "", "", "wiki", "wiki")


def _checkout(head: str = HERE, branch: str | None = "main", dirty: tuple[str, ...] = ()) -> Checkout:
    return Checkout(REPO, head, branch, dirty)


@pytest.mark.parametrize(
    ("found", "deployed", "lines"),
    [
        (_checkout(), Deployed(), [f"✓ checkout.head: {HERE[:12]} (no release is on record)"]),
        (_checkout(), Deployed(HERE, "7"), [f"✓ checkout.head: {HERE[:12]} (ticket 7)"]),
        (_checkout(), Deployed(THERE, "7"), [f"✗ checkout.head: got {HERE[:12]}, expected {THERE[:12]} (ticket 7)"]),
        (_checkout(branch="fix"), Deployed(), ["✗ checkout.branch: got fix, expected main"]),
        (_checkout(branch=None), Deployed(), ["✗ checkout.branch: got a detached HEAD, expected main"]),
        (_checkout(dirty=("a",)), Deployed(), ["✗ checkout.clean: a is not as in HEAD"]),
        (_checkout(dirty=("a", "b")), Deployed(), ["✗ checkout.clean: a, b are not as in HEAD"]),
        (_checkout(), Deployed(), ["✓ checkout.branch: main", "✓ checkout.clean: nothing differs from HEAD"]),
    ],
)
def test_the_checkout_is_compared_with_record_branch_and_head(
    found: Checkout, deployed: Deployed, lines: list[str]
) -> None:
    assert set(lines) <= {finding.line for finding in checkout_findings(found, deployed, "main")}


def test_a_checkout_that_was_moved_is_taken_back() -> None:
    moved, *_ = checkout_findings(_checkout(), Deployed(THERE, "7"), "main")
    assert moved.fix is not None
    assert moved.fix.argv == ("git", "-C", REPO, "reset", "--hard", THERE)


def test_a_hotfix_branch_is_left_by_the_command_that_looks_whether_it_is_merged() -> None:
    _, branch, _ = checkout_findings(_checkout(branch="fix"), Deployed(), "main")
    assert branch.fix is not None
    assert branch.fix.argv == ("releasectl", "return-to-main")


def test_a_detached_head_goes_back_to_the_branch_by_git() -> None:
    _, branch, _ = checkout_findings(_checkout(branch=None), Deployed(), "main")
    assert branch.fix is not None
    assert branch.fix.argv == ("git", "-C", REPO, "checkout", "main")


def test_a_release_that_is_halted_is_named() -> None:
    state = state_after(requested(), started(Phase.PREPARE), halted(Phase.PREPARE))
    [finding] = release_findings(state)
    assert finding.line == f"✗ release.settled: ticket {TICKET} (run 1) is halted in phase prepare"
    assert finding.fix is not None
    assert finding.fix.argv == ("releasectl", "status", TICKET)


def test_a_release_that_is_under_way_is_named() -> None:
    [finding] = release_findings(state_after(requested(), started(Phase.PREPARE)))
    assert finding.line == f"✗ release.settled: ticket {TICKET} (run 1) is under way, in phase prepare"
    assert finding.fix is not None
    assert finding.fix.argv == ("releasectl", "watch", TICKET)


def test_an_environment_that_is_free_has_no_release_to_settle() -> None:
    assert release_findings(None) == []


def test_no_fix_moves_a_checkout_in_which_somebody_works() -> None:
    found = checkout_findings(_checkout(branch="fix", dirty=("a",)), Deployed(THERE, "7"), "main")
    assert {finding.fix.argv[-1] for finding in found if finding.fix} == {"status"}


@pytest.mark.parametrize(
    ("variables", "line", "script"),
    [
        ({"WIKI_IMAGE_TAG": "2"}, "✓ .env.WIKI_IMAGE_TAG: 2", None),
        (
            {"WIKI_IMAGE_TAG": "1"},
            "✗ .env.WIKI_IMAGE_TAG: got 1, expected 2",
            "s|^WIKI_IMAGE_TAG=.*|WIKI_IMAGE_TAG=2|",
        ),
        ({}, "✗ .env.WIKI_IMAGE_TAG: got nothing, expected 2", "$aWIKI_IMAGE_TAG=2"),
    ],
)
def test_the_tag_in_the_env_file_is_compared_with_the_manifests(
    variables: dict[str, str], line: str, script: str | None
) -> None:
    finding = pin_finding(IMAGE, variables, ENV_FILE)
    assert finding is not None
    assert finding.line == line
    assert (finding.fix.argv if finding.fix else None) == (script and ("sed", "-i", script, ENV_FILE))


def test_an_image_without_a_variable_is_pinned_nowhere() -> None:
    assert pin_finding(Image("wiki", "2"), {}, ENV_FILE) is None


@pytest.mark.parametrize(
    ("found", "expected_id", "line"),
    [
        (_running(), NEW_ID, "✓ wiki.image: wiki:2 (111111111111)"),
        (_running(), None, "✓ wiki.image: wiki:2 (111111111111)"),
        (_running(image="wiki:1"), NEW_ID, "✗ wiki.image: got wiki:1, expected wiki:2"),
        (
            _running(image_id=OLD_ID),
            NEW_ID,
            "✗ wiki.image: got wiki:2 (000000000000), expected wiki:2 (111111111111)",
        ),
    ],
)
def test_an_image_is_compared_by_its_reference_and_itself(found: Running, expected_id: str | None, line: str) -> None:
    assert image_lines(SERVICE, [found, _running("prod-wiki-db", "postgres:16")], expected_id) == [line]


@pytest.mark.parametrize(("reference", "image_id"), [("wiki:2", NEW_ID), ("wiki:1", None)])
def test_an_image_is_known_by_the_reference_under_which_it_was_released(reference: str, image_id: str | None) -> None:
    deployed = Deployed(images={"wiki": ev.ImageReady("wiki", "wiki:2", NEW_ID)})
    assert deployed.image_id("wiki", reference) == image_id


@pytest.mark.parametrize(
    ("name", "prefix", "line"),
    [
        ("prod-wiki", "prod-", "✓ containers.known: every container of our projects belongs to a manifest"),
        ("prod-old", "prod-", "✗ containers.known: prod-old (project wiki) belongs to no manifest"),
        ("test-old", "prod-", "✓ containers.known: every container of our projects belongs to a manifest"),
        ("old", "", "✗ containers.known: old (project wiki) belongs to no manifest"),
    ],
)
def test_a_container_of_ours_that_no_manifest_names_is_a_stray(name: str, prefix: str, line: str) -> None:
    assert [finding.line for finding in stray_findings([SERVICE], [_running(name)], prefix)] == [line]
