"""Backup sets: what is saved can be read back, and damage is found."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard

from released.adapters.backups.sets import (
    BackupFile,
    BackupSet,
    discard_unfinished,
    finish,
    open_tar,
    set_directory,
    verify,
    write_config,
    write_volume,
)
from released.adapters.docker.engine import DockerEngine
from released.domain.errors import StepFailed
from support.docker_stack import ENGINE_URL, DockerStack, docker_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.evidence import Evidence

STAMP = "20260518_153012"
FILL = r"""
cd /v
echo one > plain; ln plain hard; ln -s plain soft; ln -s /etc/passwd outside
echo odd > '  odd ünïcode "$x".txt '; echo dash > -rf
mkdir -p deep/er; echo secret > deep/er/key; chmod 0400 deep/er/key; chown 1234:5678 deep/er/key
touch -d '2001-02-03 04:05:06' plain
mkfifo pipe; : > empty; chmod 4755 empty
"""


@pytest.fixture
def stack() -> Iterator[DockerStack]:
    with docker_stack() as made:
        yield made


@pytest.fixture
def set_dir(tmp_path: Path) -> Path:
    return set_directory(tmp_path / "state", "prod", "wiki", STAMP)


def _tar(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(mode="w", fileobj=buffer) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _pieces(data: bytes, size: int = 700) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _members(path: Path) -> dict[str, tarfile.TarInfo]:
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        return {member.name.removeprefix("./"): member for member in tar}


def _backup(*files: BackupFile) -> BackupSet:
    return BackupSet("wiki", STAMP, "1234", 1, "2026-05-18T15:30:12Z", files)


def _saved(set_dir: Path) -> BackupFile:
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(256))
    file = write_volume(set_dir, "data", _pieces(_tar(a=noise, b=noise[::-1])))
    finish(set_dir, _backup(file))
    return file


# What is saved


def test_a_volume_is_saved_with_links_names_modes_owners_and_times(stack: DockerStack, set_dir: Path) -> None:
    volume = stack.volume(f"{stack.prefix}-data")
    stack.run_to_end(FILL, volumes={volume: "/v"})
    engine = DockerEngine(ENGINE_URL, stack.prefix)
    image = engine.image_id(stack.image())
    assert image is not None
    file = write_volume(set_dir, volume, engine.read_volume(volume, image))
    engine.close()
    found = _members(set_dir / file.name)
    assert file.members == len(found)
    assert {found["plain"].islnk(), found["hard"].islnk()} == {True, False}
    assert (found["soft"].linkname, found["outside"].linkname) == ("plain", "/etc/passwd")
    assert {'  odd ünïcode "$x".txt ', "-rf", "pipe", "deep/er"} <= found.keys()
    key = found["deep/er/key"]
    assert (key.mode & 0o7777, key.uid, key.gid) == (0o400, 1234, 5678)
    assert found["empty"].mode & 0o7777 == 0o4755
    assert found["plain"].mtime == 981173106


def test_a_configuration_is_saved_as_it_stands_without_following_links(
    tmp_path: Path, set_dir: Path, evidence: Evidence
) -> None:
    """Row 50: links in what is backed up."""
    root = tmp_path / "ops"
    (root / "packages/wiki/scripts").mkdir(parents=True)
    (root / "packages/wiki/scripts/hook.sh").write_text("#!/bin/sh\n")
    (root / "packages/wiki/scripts/hook.sh").chmod(0o750)
    (root / "packages/wiki/link").symlink_to("/etc/shadow")
    (root / ".env").write_text("WIKI_PASSWORD=canary\n")
    os.utime(root / ".env", (1, 981173106))
    file = write_config(set_dir, root, [Path("packages/wiki"), Path(".env")])
    found = _members(set_dir / file.name)
    expected = {"packages/wiki", "packages/wiki/link", "packages/wiki/scripts", "packages/wiki/scripts/hook.sh", ".env"}
    assert found.keys() == expected
    assert file == BackupFile("config.tar.zst", "config", str(root), file.bytes, file.sha256, 5)
    assert found["packages/wiki/link"].linkname == "/etc/shadow"
    assert found["packages/wiki/scripts/hook.sh"].mode == 0o750
    assert found[".env"].mtime == 981173106
    evidence.fired()


def test_only_the_daemons_user_can_read_a_set(tmp_path: Path, set_dir: Path) -> None:
    file = _saved(set_dir)
    folders = [set_dir, *(folder for folder in set_dir.parents if tmp_path in folder.parents)]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    files = {stat.S_IMODE((set_dir / name).stat().st_mode) for name in (file.name, "manifest.json")}
    assert files == {0o600}


def test_the_record_of_a_file_is_what_the_disk_holds(set_dir: Path) -> None:
    file = _saved(set_dir)
    content = (set_dir / file.name).read_bytes()
    assert file == BackupFile(
        "volume-data.tar.zst", "volume", "data", len(content), hashlib.sha256(content).hexdigest(), 2
    )


def test_a_verified_set_is_the_one_that_was_finished(set_dir: Path) -> None:
    file = _saved(set_dir)
    assert verify(set_dir) == _backup(file)


def test_an_empty_volume_is_a_backup_too(set_dir: Path) -> None:
    file = write_volume(set_dir, "data", [_tar()])
    finish(set_dir, _backup(file))
    assert verify(set_dir).files[0].members == 0


def test_a_volume_of_many_zeros_is_read_back(set_dir: Path) -> None:
    file = write_volume(set_dir, "data", _pieces(_tar(disk=bytes(64 << 20)), 1 << 20))
    finish(set_dir, _backup(file))
    assert verify(set_dir).files[0].members == 1


def test_an_archive_gives_back_the_stream_that_it_was_made_from(set_dir: Path) -> None:
    tar = _tar(a=b"a" * 600, disk=bytes(3 << 20))
    file = write_volume(set_dir, "data", _pieces(tar))
    assert b"".join(open_tar(set_dir, file)) == tar


def test_an_archive_that_was_exchanged_for_another_is_found_at_its_end(set_dir: Path) -> None:
    file = _saved(set_dir)
    write_volume(set_dir, "data", [_tar(other=b"x")])
    with pytest.raises(StepFailed, match="got another file") as failed:
        b"".join(open_tar(set_dir, file))
    assert failed.value.code == "backup_unreadable"


# What is no backup


@pytest.mark.parametrize(
    "cut",
    [lambda tar: tar[:11264], lambda tar: tar[:300], lambda tar: tar[:700], lambda _: b"", lambda tar: b"x" + tar,
     lambda tar: tar[:1536] + b"noise" * 512 + bytes(10240)],
    ids=["no end", "half a header", "half a file", "nothing", "no tar", "noise"],
)  # fmt: skip
def test_a_stream_that_is_no_whole_archive_is_a_failed_backup(set_dir: Path, cut: Callable[[bytes], bytes]) -> None:
    # Entry a takes 1536 bytes, and b the 9728 after it.
    with pytest.raises(StepFailed) as failed:
        write_volume(set_dir, "data", [cut(_tar(a=b"a" * 600, b=b"b" * 9000))])
    assert failed.value.code == "backup_failed"
    assert "volume-data.tar.zst" in failed.value.message
    assert "MiB are free" in failed.value.message


def test_a_volume_whose_name_leads_elsewhere_is_not_saved(set_dir: Path) -> None:
    with pytest.raises(StepFailed, match="not the name of a volume"):
        write_volume(set_dir, "../../etc/cron.d/x", [_tar()])
    assert not set_dir.exists()


def test_a_stamp_that_leads_elsewhere_is_no_stamp(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a stamp"):
        set_directory(tmp_path, "prod", "wiki", "../../../etc")


def test_a_path_that_is_not_there_is_a_failed_backup_that_names_it(tmp_path: Path, set_dir: Path) -> None:
    with pytest.raises(StepFailed, match=r"no-such-folder"):
        write_config(set_dir, tmp_path, [tmp_path / "no-such-folder"])


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_a_failed_backup_that_tells_the_free_space(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=True)
    try:
        with pytest.raises(StepFailed) as failed:
            write_volume(disk / "set", "data", [_tar(noise=os.urandom(1 << 20))])
    finally:
        subprocess.run(["/bin/umount", str(disk)], check=True)
    assert failed.value.code == "backup_failed"
    assert "No space left on device" in failed.value.message
    assert "0 MiB are free" in failed.value.message


def test_a_set_without_manifest_is_discarded(set_dir: Path) -> None:
    write_volume(set_dir, "data", [_tar()])
    discard_unfinished(set_dir)
    assert not set_dir.exists()


def test_a_finished_set_is_never_discarded(set_dir: Path) -> None:
    _saved(set_dir)
    discard_unfinished(set_dir)
    assert verify(set_dir)


def test_discarding_what_is_not_there_is_fine(set_dir: Path) -> None:
    discard_unfinished(set_dir)
    assert not set_dir.exists()


# Damage


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [_flip, lambda data: data[:-1], lambda data: data[: len(data) // 2], lambda _: b"", lambda data: data + b"more"],
    ids=["a flipped bit", "a byte less", "half of it", "nothing", "something behind"],
)
def test_a_damaged_archive_is_found_and_named(set_dir: Path, damage: Callable[[bytes], bytes]) -> None:
    archive = set_dir / _saved(set_dir).name
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(StepFailed) as failed:
        verify(set_dir)
    assert failed.value.code == "backup_unreadable"
    assert str(archive) in failed.value.message


def test_an_archive_that_was_exchanged_for_another_whole_one_is_found(set_dir: Path) -> None:
    _saved(set_dir)
    write_volume(set_dir, "data", [_tar(other=b"x")])
    with pytest.raises(StepFailed, match="should be"):
        verify(set_dir)


def test_a_missing_archive_is_found_and_named(set_dir: Path) -> None:
    archive = set_dir / _saved(set_dir).name
    archive.unlink()
    with pytest.raises(StepFailed, match="volume-data"):
        verify(set_dir)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"not json"])
def test_a_set_without_a_sound_manifest_is_unreadable(set_dir: Path, content: bytes | None) -> None:
    _saved(set_dir)
    manifest = set_dir / "manifest.json"
    manifest.unlink() if content is None else manifest.write_bytes(content)
    with pytest.raises(StepFailed) as failed:
        verify(set_dir)
    assert failed.value.code == "backup_unreadable"
    assert "manifest.json" in failed.value.message
