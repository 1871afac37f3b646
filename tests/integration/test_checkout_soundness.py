"""After a restart of the host, a checkout that a power cut has damaged is found out, and left as it is."""

from __future__ import annotations

import dataclasses
import subprocess
from typing import TYPE_CHECKING, cast

import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.errors import Refused, StepFailed
from released.domain.ids import Phase
from released.domain.releases.release import ReleaseState
from released.phases.checkout import require_sound
from released.phases.world import World
from support.given_when_then import requested, state_after
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from pathlib import Path

    from released.adapters.docker.engine import DockerEngine

MOVES = ev.PhaseStarted(Phase.PREPARE, (ev.PlannedStep("checkout.fast-forward", "observe"),))
MOVING = ev.StepStarted("checkout.fast-forward", 1, "an-earlier-boot")
MOVED = ev.StepSucceeded("checkout.fast-forward", 1, ev.CheckoutMoved("c" * 40))


@pytest.fixture(name="ops")
def _ops(tmp_path: Path) -> OpsRepo:
    return OpsRepo.create(tmp_path / "ops", {"packages/web/manifest.yaml": "name: web\n"})


@pytest.fixture(name="world")
def _world(ops: OpsRepo, tmp_path: Path) -> World:
    return World(
        name="prod",
        settings=Environment.model_validate({"repo": str(ops.checkout)}),
        state_dir=tmp_path,
        git=Git(ops.checkout, "origin", "main"),
        engine=cast("DockerEngine", None),
        scripts=Scripts(),
    )


@pytest.fixture(name="state")
def _state() -> ReleaseState:
    """A release whose checkout has been moved."""
    return state_after(requested(), MOVES, MOVING, MOVED)


def empty(ops: OpsRepo, revision: str) -> None:
    """Leave of a loose object what a power cut leaves: its name."""
    name = ops.git("rev-parse", revision)
    file = ops.checkout / ".git" / "objects" / name[:2] / name[2:]
    file.unlink()  # the file is the remote's, too
    file.touch()


def test_a_checkout_that_is_whole_passes(world: World, state: ReleaseState) -> None:
    require_sound(world, state)


@pytest.mark.parametrize("revision", ["HEAD^{tree}", "HEAD:packages"])
def test_an_object_that_is_empty_is_named_with_what_brings_it_back(
    ops: OpsRepo, world: World, state: ReleaseState, revision: str
) -> None:
    name = ops.git("rev-parse", revision)
    empty(ops, revision)

    with pytest.raises(StepFailed) as failed:
        require_sound(world, state)

    assert failed.value.code == "checkout_damaged"
    assert name in failed.value.message
    assert [command.argv[0] for command in failed.value.next_commands] == ["git", "find", "git"]


def test_a_commit_that_is_empty_is_refused(ops: OpsRepo, world: World, state: ReleaseState) -> None:
    empty(ops, "HEAD")

    with pytest.raises((Refused, StepFailed)):
        require_sound(world, state)


def test_the_head_of_a_remote_whose_branch_was_renamed_is_no_damage(
    ops: OpsRepo, world: World, state: ReleaseState
) -> None:
    ops.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/master")

    require_sound(world, state)


def test_a_ref_that_lost_its_content_is_named(ops: OpsRepo, world: World, state: ReleaseState) -> None:
    (ops.checkout / ".git/refs/heads/kept").touch()

    with pytest.raises(StepFailed) as failed:
        require_sound(world, state)

    assert "refs/heads/kept" in failed.value.message


def test_empty_objects_are_looked_for_where_a_linked_work_tree_has_them(
    ops: OpsRepo, world: World, state: ReleaseState, tmp_path: Path
) -> None:
    ops.git("worktree", "add", "--detach", str(tmp_path / "linked"))
    empty(ops, "HEAD^{tree}")
    linked = dataclasses.replace(
        world,
        settings=Environment.model_validate({"repo": str(tmp_path / "linked")}),
        git=Git(tmp_path / "linked", "origin", "main"),
    )

    with pytest.raises(StepFailed) as failed:
        require_sound(linked, state)

    assert failed.value.next_commands[1].argv[:2] == ("find", str(ops.checkout / ".git/objects"))


@pytest.mark.parametrize("left", [b"", b"DIRC\0\0"], ids=["empty", "cut short"])
def test_an_index_that_lost_its_content_is_made_anew_by_the_commands_that_are_named(
    ops: OpsRepo, world: World, state: ReleaseState, left: bytes
) -> None:
    (ops.checkout / ".git/index").write_bytes(left)

    with pytest.raises(StepFailed) as failed:
        require_sound(world, state)
    for command in failed.value.next_commands:
        subprocess.run(command.argv, check=True, capture_output=True)

    assert failed.value.code == "checkout_damaged"
    require_sound(world, state)


def test_a_file_that_lost_its_content_is_named_and_left(ops: OpsRepo, world: World, state: ReleaseState) -> None:
    manifest = ops.checkout / "packages/web/manifest.yaml"
    manifest.write_bytes(b"")

    with pytest.raises(StepFailed) as failed:
        require_sound(world, state)

    assert failed.value.code == "checkout_damaged"
    assert "packages/web/manifest.yaml" in failed.value.message
    assert manifest.read_bytes() == b""


def test_a_file_that_nobody_committed_is_no_damage(ops: OpsRepo, world: World, state: ReleaseState) -> None:
    (ops.checkout / "notes").write_text("by hand\n", encoding="utf-8")

    require_sound(world, state)


def test_what_a_move_that_was_cut_off_left_is_for_its_step_to_settle(ops: OpsRepo, world: World) -> None:
    (ops.checkout / "packages/web/manifest.yaml").write_bytes(b"")

    require_sound(world, state_after(requested(), MOVES, MOVING))
