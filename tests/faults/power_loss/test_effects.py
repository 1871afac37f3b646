"""What an adapter says it has done is there after a power cut at that instant, and would not be without its flush."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from released.adapters import durability
from released.adapters.backups import sets
from released.adapters.commands.scripts import Command, Exited, Scripts
from released.adapters.durability import rewrite_durably, write_durably
from released.adapters.git.checkout import Git
from released.domain.errors import ReleasedError
from released.engine.slots import AttemptSlot
from support.loop_disk import ATTEMPTS, LoopDisk
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.evidence import Evidence

pytestmark = [pytest.mark.tier1, pytest.mark.parametrize("kind", ["ext4", "xfs"])]


@dataclass(frozen=True)
class Effect:
    """Something that is done on a disk, and how it is looked for afterwards."""

    perform: Callable[[], object]
    is_there: Callable[[], bool]


Make = Callable[[LoopDisk, Path], Effect]
"""Prepares an effect on a disk; what does not belong there lies in a folder elsewhere."""


@pytest.fixture(name="disk")
def _disk(kind: str, tmp_path: Path) -> Iterator[LoopDisk]:
    with LoopDisk.mounted(tmp_path / "disk", kind, 64) as disk:
        yield disk


def cloned(disk: LoopDisk, elsewhere: Path) -> tuple[OpsRepo, Path]:
    """Make a checkout on the disk, whose remote is elsewhere and has a commit more."""
    ops = OpsRepo.create(elsewhere, {f"packages/{number}": "old\n" for number in range(30)})
    checkout = disk.root / "checkout"
    ops.git("clone", "--quiet", str(ops.origin), str(checkout), cwd=elsewhere)
    ops.commit({f"packages/{number}": f"new {number}\n" * 500 for number in range(30)}, "New")
    disk.sync()
    return ops, checkout


def backup(disk: LoopDisk, _: Path) -> Effect:
    """Write a backup set."""
    root = disk.root / "checkout"
    root.mkdir()
    (root / "settings").write_bytes(os.urandom(100_000))
    set_dir = sets.set_directory(disk.root, "prod", "wiki", "20260518_153012")
    disk.sync()

    def perform() -> None:
        file = sets.write_config(set_dir, root, [Path("settings")])
        sets.finish(set_dir, sets.BackupSet("wiki", set_dir.name, "1234", 1, "2026-05-18T15:30:12+00:00", (file,)))

    return Effect(perform, lambda: bool(sets.verify(set_dir).files))


def fast_forward(disk: LoopDisk, elsewhere: Path) -> Effect:
    """Move a checkout."""
    ops, checkout = cloned(disk, elsewhere)
    git = Git(checkout, "origin", "main")
    head, tip = git.state().head, git.fetch()
    disk.sync()

    def is_there() -> bool:
        sound = ops.git("fsck", "--no-dangling", cwd=checkout) == ops.git("status", "--porcelain", cwd=checkout) == ""
        return sound and ops.head(checkout) == tip

    return Effect(lambda: git.move(head, tip), is_there)


def fetch(disk: LoopDisk, elsewhere: Path) -> Effect:
    """Fetch what a plan is made of."""
    ops, checkout = cloned(disk, elsewhere)
    git = Git(checkout, "origin", "main")

    def is_there() -> bool:
        shown = ops.git("log", "-1", "--format=%s", "refs/released/remote/main", cwd=checkout)
        return shown == "New" and ops.git("fsck", "--no-dangling", cwd=checkout) == ""

    return Effect(git.fetch, is_there)


def restoring_commit(disk: LoopDisk, elsewhere: Path) -> Effect:
    """Make the commit of a revert, and keep it under a ref."""
    ops, checkout = cloned(disk, elsewhere)
    git = Git(checkout, "origin", "main")
    head = git.state().head

    def perform() -> None:
        git.keep(git.restoring_commit(head, head, "Back", dt.datetime.now(dt.UTC)), "reverts/1234")

    def is_there() -> bool:
        return ops.git("log", "-1", "--format=%s", "refs/released/reverts/1234", cwd=checkout) == "Back"

    return Effect(perform, is_there)


def dotenv(disk: LoopDisk, _: Path) -> Effect:
    """Rewrite ``.env``, as the pin of a tag does."""
    file, scratch = disk.root / ".env", disk.root / "git"
    scratch.mkdir()
    file.write_bytes(b"TAG=1\n")
    disk.sync()
    return Effect(lambda: rewrite_durably(file, b"TAG=2\n", scratch), lambda: file.read_bytes() == b"TAG=2\n")


def step_output(disk: LoopDisk, _: Path) -> Effect:
    """Print something in a step that runs inside the daemon."""
    slot = AttemptSlot(disk.root, Path("steps/prod/1234/1/look/1"), str)

    def perform() -> None:
        slot.say("it was looked at")
        slot.output()

    return Effect(perform, lambda: (slot.path / "output").read_bytes() == b"it was looked at\n")


def script(disk: LoopDisk, _: Path) -> Effect:
    """Run a script that writes a file and flushes nothing, flushed by its shim."""
    return _script(disk, disk.root, (disk.root,))


def script_on_another_disk(disk: LoopDisk, elsewhere: Path) -> Effect:
    """Run a script that writes to a disk that nobody told of, far from its slot and its folder."""
    return _script(disk, elsewhere, None)


def unflushed_script(disk: LoopDisk, _: Path) -> Effect:
    """Run a script that writes a file and flushes nothing, and no shim does."""
    return _script(disk, disk.root, ())


def _script(disk: LoopDisk, home: Path, durable_in: tuple[Path, ...] | None) -> Effect:
    home.mkdir(exist_ok=True)
    slot, witness = home / "steps" / "script" / "1", disk.root / "witness"
    writing = ("sh", "-c", 'echo done >"$0"; echo said', str(witness))
    command = Command(writing, home, dict(os.environ), durable_in=durable_in)

    def is_there() -> bool:
        assert isinstance(Scripts().fate(slot), Exited)
        return [place.read_bytes() for place in (slot / "output", witness)] == [b"said\n", b"done\n"]

    return Effect(lambda: Scripts().run(slot, command), is_there)


def survives(effect: Effect, disk: LoopDisk) -> bool:
    """Cut the power once it is on record that the effect took place, and look for it."""
    done = disk.root / "done"
    write_durably(done, b"")
    disk.cut()
    assert done.exists()
    try:
        return effect.is_there()
    except (OSError, AssertionError, ReleasedError):
        return False


@pytest.mark.parametrize(
    "make",
    [backup, fetch, fast_forward, restoring_commit, dotenv, step_output, script, script_on_another_disk],
)
def test_what_was_done_is_there(make: Make, disk: LoopDisk, tmp_path: Path, evidence: Evidence) -> None:
    """Row 15: the power is cut right after the outcome of an effect is on the disk."""
    effect = make(disk, tmp_path / "elsewhere")
    effect.perform()

    kept = survives(effect, disk)
    evidence.fired(disk.cuts)
    evidence.add(cuts=disk.cuts)

    assert kept


@pytest.mark.parametrize("make", [backup, fast_forward, dotenv, step_output, unflushed_script])
def test_without_its_flush_it_is_lost(
    make: Make, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: Evidence
) -> None:
    """Row 15: the same without a flush before the outcome is recorded."""
    is_lost, cuts = False, 0
    while not is_lost and cuts < ATTEMPTS:
        home = tmp_path / str(cuts)
        with LoopDisk.mounted(home, kind, 64) as disk:
            effect = make(disk, home / "elsewhere")
            with monkeypatch.context() as unflushed:
                unflushed.setattr(os, "fsync", lambda _: None)
                unflushed.setattr(durability, "_LIBC", SimpleNamespace(syncfs=lambda _: 0))
                effect.perform()
            is_lost = not survives(effect, disk)
            cuts += disk.cuts
    evidence.fired(cuts)
    evidence.control(f"no flush: {make.__name__}", red=is_lost)
