"""There is no space for what a step does: it fails and says so, nothing half done counts, and with space it works."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from released.adapters.backups import sets
from released.adapters.commands.scripts import Scripts
from released.adapters.docker.engine import DockerEngine
from released.adapters.git.checkout import Git
from released.domain import events as ev
from released.domain.configuration import Environment
from released.domain.errors import Refused, StepFailed
from released.domain.releases.plan import BackupPolicy
from released.engine.slots import AttemptSlot
from released.phases import prepare
from released.phases.world import World
from support.docker_stack import ENGINE_URL
from support.given_when_then import plan, requested, service, state_after
from support.loop_disk import LoopDisk
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from released.phases.effects import Step
    from support.evidence import Evidence

pytestmark = pytest.mark.tier1

BIG = 3_000_000


@pytest.fixture(name="disk")
def _disk(tmp_path: Path) -> Iterator[LoopDisk]:
    with LoopDisk.mounted(tmp_path, size_mib=32) as disk:
        yield disk


@pytest.fixture(name="ops")
def _ops(disk: LoopDisk, tmp_path: Path) -> OpsRepo:
    """A checkout on the disk whose remote, elsewhere, has a big commit more."""
    ops = OpsRepo.create(tmp_path / "ops", {"packages/web/manifest.yaml": "name: web\n"})
    checkout = disk.root / "checkout"
    ops.git("clone", "--quiet", "--no-hardlinks", str(ops.origin), str(checkout), cwd=tmp_path)
    ops.commit({"packages/web/data": os.urandom(BIG // 2).hex()}, "Big")
    return OpsRepo(ops.origin, checkout, ops.developer)


@pytest.fixture(name="git")
def _git(ops: OpsRepo) -> Git:
    return Git(ops.checkout, "origin", "main")


def whole(ops: OpsRepo) -> bool:
    """Tell whether repository and work tree are as git wants them."""
    return ops.git("fsck", "--no-dangling") == ops.git("status", "--porcelain") == ""


def backup_of(ops: OpsRepo, state_dir: Path) -> Step:
    """Give the step that saves the configuration of ``web``."""
    web = msgspec.structs.replace(service("web"), folder="packages/web", backup=BackupPolicy(("config",)))
    world = World(
        name="prod",
        settings=Environment.model_validate({"repo": str(ops.checkout)}),
        state_dir=state_dir,
        git=Git(ops.checkout, "origin", "main"),
        engine=DockerEngine(ENGINE_URL, owner=str(state_dir)),
        scripts=Scripts(),
    )
    steps = prepare.steps(world, state_after(requested(msgspec.structs.replace(plan(), services=(web,)))))
    return next(step for step in steps if step.name == "web.backup")


def test_a_backup_fails_leaves_no_set_and_works_with_space(disk: LoopDisk, ops: OpsRepo, evidence: Evidence) -> None:
    """Row 19: the disk of backups is full."""
    (ops.checkout / "packages/web/data").write_bytes(os.urandom(BIG))
    slot = AttemptSlot(disk.root, (disk.root / "steps/1").relative_to(disk.root), str)
    step = backup_of(ops, disk.root)
    slot.say("begun")
    ballast = disk.fill()

    with pytest.raises(StepFailed) as failed:
        step.effect.perform(slot)
    evidence.fired()
    left = list((disk.root / "backups").rglob(sets.MANIFEST)) if (disk.root / "backups").exists() else []
    ballast.unlink()
    saved = step.effect.perform(slot)
    slot.output()

    assert failed.value.code in {"backup_failed", "disk_full"}
    assert left == []
    assert isinstance(saved, ev.BackedUp)
    assert sets.verify(sets.set_directory(disk.root, "prod", "web", saved.stamp)).files


def test_a_fetch_fails_leaves_the_repository_whole_and_works_with_space(
    disk: LoopDisk, ops: OpsRepo, git: Git, evidence: Evidence
) -> None:
    """Row 19: the disk of the checkout is full when the branch is fetched."""
    ballast = disk.fill()

    with pytest.raises(Refused) as refused:
        git.fetch()
    evidence.fired()
    sound = ops.git("fsck", "--no-dangling")
    ballast.unlink()

    assert (refused.value.code, sound) == ("fetch_failed", "")
    assert git.fetch() == ops.head(ops.developer)


def test_a_move_fails_is_settled_and_works_with_space(
    disk: LoopDisk, ops: OpsRepo, git: Git, evidence: Evidence
) -> None:
    """Row 19: the disk of the checkout is full when it is moved."""
    head, tip = git.state().head, git.fetch()
    ballast = disk.fill()

    with pytest.raises(StepFailed) as failed:
        git.move(head, tip)
    evidence.fired()
    ballast.unlink()
    if not git.settle_move(head, tip):
        git.move(head, tip)

    assert failed.value.code == "fast_forward_failed"
    assert (ops.head(ops.checkout), whole(ops)) == (tip, True)


def test_the_output_of_a_step_is_cut_short_and_the_step_goes_on(disk: LoopDisk, evidence: Evidence) -> None:
    """Row 19: the disk of step output is full."""
    slot = AttemptSlot(disk.root, (disk.root / "steps/1").relative_to(disk.root), str)
    slot.say("before")
    disk.fill()
    slot.say("x" * BIG)
    evidence.fired()
    slot.say("after")

    written = slot.output()

    assert written is not None
    content = (disk.root / written.path).read_bytes()
    assert (content, hashlib.sha256(content).hexdigest()) == (b"before\n", written.sha256)
