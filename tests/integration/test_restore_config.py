"""A service's folder comes back from its backup, and nothing is ever written beside it."""

from __future__ import annotations

import os
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from released.adapters.backups import unpacking
from released.adapters.backups.archives import store_stream
from released.adapters.backups.sets import BackupFile, restore_config, set_directory, write_config
from released.domain.errors import Refused, StepFailed
from support.tars import Member, folder, hard_link, pack, pieces, symlink

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.evidence import Evidence

WIKI = "packages/wiki"
Snapshot = dict[str, tuple[object, ...]]


@dataclass(frozen=True)
class Scene:
    """A checkout with a service, and the folder of a backup set."""

    root: Path
    set_dir: Path

    @property
    def wiki(self) -> Path:
        """The service's folder."""
        return self.root / WIKI

    def save(self) -> BackupFile:
        """Back the service's configuration up."""
        return write_config(self.set_dir, self.root, [Path(WIKI), Path(".env")])

    def archive(self, *members: Member) -> BackupFile:
        """Put an archive in place of a backup."""
        self.set_dir.mkdir(parents=True, exist_ok=True)
        written = store_stream(self.set_dir / "config.tar.zst", pieces(pack(*members)))
        return BackupFile("config.tar.zst", "config", str(self.root), written.bytes, written.sha256, written.members)

    def restore(self, file: BackupFile) -> None:
        """Restore the service's folder."""
        restore_config(self.set_dir, file, self.root, WIKI, tracked=())


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path / "ops", set_directory(tmp_path / "state", "prod", "wiki", "20260518_153012"))
    (scene.wiki / "scripts").mkdir(parents=True)
    (scene.wiki / "empty").mkdir(mode=0o700)
    (scene.wiki / "manifest.yaml").write_text("name: wiki\n")
    (scene.wiki / "scripts/hook.sh").write_text("#!/bin/sh\n")
    (scene.wiki / "scripts/hook.sh").chmod(0o4750)
    (scene.wiki / os.fsdecode(b"odd \xff\n name")).write_text("odd")
    (scene.wiki / "hard").hardlink_to(scene.wiki / "manifest.yaml")
    (scene.wiki / "secrets").symlink_to("/etc/shadow")
    (scene.root / ".env").write_text("WIKI_IMAGE_TAG=1\n")
    os.utime(scene.wiki / "manifest.yaml", (981173106, 981173106))
    os.utime(scene.wiki / "secrets", (981173106, 981173106), follow_symlinks=False)
    os.utime(scene.wiki / "scripts", (981173106, 981173106))
    return scene


def _snapshot(root: Path) -> Snapshot:
    """All that can be seen of what lies below a folder; hard links are told by their number."""
    found: Snapshot = {}
    for path in sorted([root, *root.rglob("*")]):
        facts = path.lstat()
        link = str(path.readlink()) if path.is_symlink() else ""
        content = path.read_bytes() if stat.S_ISREG(facts.st_mode) else b""
        count = facts.st_nlink if stat.S_ISREG(facts.st_mode) else 0
        found[str(path)] = (facts.st_mode, facts.st_uid, facts.st_gid, int(facts.st_mtime), count, link, content)
    return found


# What comes back


def test_a_folder_comes_back_as_it_was(scene: Scene) -> None:
    saved, before = scene.save(), _snapshot(scene.wiki)
    (scene.wiki / "manifest.yaml").write_text("name: wiki\nstateful: true\n")
    (scene.wiki / "scripts/hook.sh").unlink()
    (scene.wiki / "scripts").chmod(0o700)
    (scene.wiki / "empty").rmdir()
    (scene.wiki / "hard").unlink()
    (scene.wiki / "secrets").unlink()
    (scene.wiki / "secrets").write_text("not a link")
    scene.restore(saved)
    assert _snapshot(scene.wiki) == before


def test_a_folder_that_is_gone_comes_back_as_a_whole(scene: Scene) -> None:
    saved, before = scene.save(), _snapshot(scene.wiki)
    scene.wiki.rename(scene.root / "elsewhere")
    scene.wiki.parent.rmdir()
    scene.restore(saved)
    assert _snapshot(scene.wiki) == before


def test_restoring_twice_is_restoring_once(scene: Scene) -> None:
    saved, before = scene.save(), _snapshot(scene.wiki)
    scene.restore(saved)
    scene.restore(saved)
    assert _snapshot(scene.wiki) == before


def test_what_a_crash_left_half_written_is_taken_away(scene: Scene) -> None:
    saved, before = scene.save(), _snapshot(scene.wiki)
    (scene.wiki / "scripts" / unpacking._TEMPORARY).write_text("#!/bi")
    scene.restore(saved)
    assert _snapshot(scene.wiki) == before


def test_what_is_not_in_the_backup_stays(scene: Scene) -> None:
    saved = scene.save()
    (scene.wiki / "scripts/new.sh").write_text("new")
    scene.restore(saved)
    assert (scene.wiki / "scripts/new.sh").read_text() == "new"


def test_what_lies_outside_the_folder_is_left_alone(scene: Scene) -> None:
    file = scene.archive(Member(".env"), Member("packages/wiki2/x"), Member("packages/wiki/x"), Member("packages/x"))
    before = _snapshot(scene.root / ".env")
    scene.restore(file)
    assert _snapshot(scene.root / ".env") == before
    assert sorted(path.name for path in scene.wiki.parent.iterdir()) == ["wiki"]
    assert (scene.wiki / "x").read_bytes() == b"content"


def test_a_file_takes_the_place_of_a_link_and_what_that_led_to_stays(scene: Scene, tmp_path: Path) -> None:
    file = scene.archive(Member("packages/wiki/config"))
    (tmp_path / "outside").write_text("mine")
    (scene.wiki / "config").symlink_to(tmp_path / "outside")
    scene.restore(file)
    assert (scene.wiki / "config").read_bytes() == b"content"
    assert not (scene.wiki / "config").is_symlink()
    assert (tmp_path / "outside").read_text() == "mine"


def test_a_file_that_is_open_keeps_its_old_content_as_a_whole(scene: Scene) -> None:
    file = scene.archive(Member("packages/wiki/manifest.yaml"))
    with (scene.wiki / "manifest.yaml").open() as opened:
        scene.restore(file)
        assert opened.read() == "name: wiki\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away needs root")
def test_owners_come_back(scene: Scene) -> None:
    for path in ("manifest.yaml", "scripts", "secrets"):
        os.chown(scene.wiki / path, 1234, 5678, follow_symlinks=False)
    saved, before = scene.save(), _snapshot(scene.wiki)
    for path in ("manifest.yaml", "scripts", "secrets"):
        os.chown(scene.wiki / path, 0, 0, follow_symlinks=False)
    scene.restore(saved)
    assert _snapshot(scene.wiki) == before


# What is refused, and changes nothing


@pytest.mark.parametrize(
    ("member", "complaint"),
    [
        (Member("/etc/cron.d/x"), "leads outside"),
        (Member("packages/wiki/../../../x"), "leads outside"),
        (Member("packages/wiki/link/x"), "lies below a symbolic link"),
        (hard_link("packages/wiki/x", "/etc/shadow"), "is a hard link to '/etc/shadow'"),
        (hard_link("packages/wiki/x", ".env"), "is a hard link to '.env'"),
        (hard_link("packages/wiki/x", "packages/wiki/link"), "is a hard link to 'packages/wiki/link'"),
        (Member("packages/wiki/x", tarfile.CHRTYPE), "is neither a folder nor a file nor a link"),
        (Member("packages/wiki/x", tarfile.BLKTYPE), "is neither a folder nor a file nor a link"),
        (Member("packages/wiki/x", tarfile.FIFOTYPE), "is neither a folder nor a file nor a link"),
        (Member("packages/wiki/scripts"), "needs the place of the folder"),
        (Member("packages/wiki/manifest.yaml/x"), "needs a folder where"),
        (folder("packages/wiki/secrets"), "needs a folder where"),
    ],
)
def test_an_archive_that_could_be_written_elsewhere_is_refused(
    scene: Scene, member: Member, complaint: str, evidence: Evidence
) -> None:
    """Row 50: an archive of a configuration that holds more than folders, files and links of its own."""
    file = scene.archive(Member("packages/wiki/first"), Member(".env"), symlink("packages/wiki/link", "/etc"), member)
    before = _snapshot(scene.root)
    with pytest.raises(Refused) as refused:
        scene.restore(file)
    assert refused.value.code == "archive_unsafe"
    assert f"{member.name!r} {complaint}" in refused.value.message
    assert _snapshot(scene.root) == before
    evidence.fired()


@pytest.mark.parametrize("path", ["packages", WIKI, f"{WIKI}/scripts"])
def test_a_folder_that_has_become_a_link_is_not_written_through(
    scene: Scene, tmp_path: Path, path: str, evidence: Evidence
) -> None:
    """Row 50: a link in the place of a folder, before it is restored."""
    saved = scene.save()
    (scene.root / path).rename(tmp_path / "moved")
    (scene.root / path).symlink_to(tmp_path / "moved")
    (tmp_path / "moved").joinpath("mark").write_text("mine")
    before = _snapshot(tmp_path)
    with pytest.raises(Refused, match=f"needs a folder where {scene.root / path} is none") as refused:
        scene.restore(saved)
    assert refused.value.code == "archive_unsafe"
    assert _snapshot(tmp_path) == before
    evidence.fired()


def test_a_folder_that_becomes_a_link_after_the_look_is_not_written_through(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: Evidence
) -> None:
    """Row 50: a link that is put in the place of a folder while it is restored."""
    saved = scene.save()
    (tmp_path / "outside").mkdir()
    make = unpacking._make

    def swapping(*arguments: object) -> None:
        monkeypatch.setattr(unpacking, "_make", make)
        (scene.wiki / "scripts").rename(scene.root / "moved")
        (scene.wiki / "scripts").symlink_to(tmp_path / "outside")
        make(*arguments)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(unpacking, "_make", swapping)
    with pytest.raises(StepFailed, match="Not a directory") as failed:
        scene.restore(saved)
    assert failed.value.code == "restore_failed"
    assert list((tmp_path / "outside").iterdir()) == []
    evidence.fired()


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", [_flip, lambda data: data[:-9], lambda data: data + b"x", lambda _: b""])
def test_a_damaged_backup_is_found_before_anything_is_written(scene: Scene, damage: Callable[[bytes], bytes]) -> None:
    saved = scene.save()
    (scene.wiki / "manifest.yaml").write_text("changed")
    before = _snapshot(scene.root)
    archive = scene.set_dir / saved.name
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(StepFailed) as failed:
        scene.restore(saved)
    assert failed.value.code == "backup_unreadable"
    assert _snapshot(scene.root) == before
