"""Backup sets: a folder of compressed archives, and a manifest that is written last.

A set without its manifest is unfinished and no backup. Layout (all of it for the daemon's own user only)::

    <state_dir>/backups/<env>/<service>/<stamp>/volume-<name>.tar.zst
                                                config.tar.zst
                                                manifest.json
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import msgspec

from released.adapters.backups.archives import Written, open_archive, pack_paths, read_archive, store_stream
from released.adapters.backups.unpacking import refuse_unsafe, unpack
from released.adapters.durability import make_folder, sync_filesystem, write_durably
from released.adapters.interruption import Interruption
from released.adapters.tars.entries import parts
from released.adapters.tars.vetting import vetted
from released.domain.errors import StepFailed
from released.domain.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from released.adapters.tars.entries import Entry

MANIFEST = "manifest.json"

_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_STAMP = re.compile(r"\d{8}_\d{6}(_\d+)?")


class BackupFile(msgspec.Struct, frozen=True):
    """One archive of a set."""

    name: str
    """File name inside the set's folder."""
    kind: str
    """``volume`` or ``config``."""
    source: str
    """The engine's name of the volume, or the folder that the paths of the configuration are relative to."""
    bytes: int
    """Size of the compressed file."""
    sha256: str
    """Of the compressed file, hex."""
    members: int
    """Entries in the tar archive."""


class BackupSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that was saved of one service at one moment; the content of ``manifest.json``."""

    service: str
    stamp: str
    """UTC, ``YYYYmmdd_HHMMSS``, with ``_2`` … where the second already had one."""
    ticket: str
    run: int
    created_at: str
    """RFC 3339, UTC."""
    files: tuple[BackupFile, ...]

    @property
    def volumes(self) -> tuple[str, ...]:
        """The engine's names of the volumes that it holds."""
        return tuple(file.source for file in self.files if file.kind == "volume")


def set_directory(state_dir: Path, env: str, service: str, stamp: str) -> Path:
    """Where the set of a service and a stamp is.

    Raises:
        ValueError: the stamp is none.
    """
    if not _STAMP.fullmatch(stamp):
        raise ValueError(f"expected a stamp such as 20260518_153012, got {stamp!r}")
    return state_dir / "backups" / env / service / stamp


def write_volume(set_dir: Path, volume: str, chunks: Iterable[bytes]) -> BackupFile:
    """Save a volume's tar stream, compressed, and have it on the disk.

    Raises:
        StepFailed: ``backup_failed``: the disk refuses, or the stream is not a complete tar archive.
    """
    if not _VOLUME.fullmatch(volume):
        raise _failed(set_dir, volume, f"{volume!r} is not the name of a volume")
    name = f"volume-{volume}.tar.zst"
    written = _attempt(set_dir, name, lambda path: store_stream(path, chunks))
    return _entry(name, "volume", volume, written)


def write_config(set_dir: Path, root: Path, paths: Sequence[Path]) -> BackupFile:
    """Save folders and files below ``root``: modes, owners and times kept, symbolic links stored as such.

    Args:
        set_dir: the set's folder.
        root: what the names in the archive are relative to.
        paths: relative to ``root``; all must exist.

    Raises:
        StepFailed: ``backup_failed``.
    """
    name = "config.tar.zst"
    written = _attempt(set_dir, name, lambda path: pack_paths(path, root, paths))
    return _entry(name, "config", str(root), written)


def finish(set_dir: Path, backup: BackupSet) -> None:
    """Make a set a backup: all its files reach the disk, and only then its manifest.

    Raises:
        StepFailed: ``backup_failed``.
    """
    try:
        sync_filesystem(set_dir)
        write_durably(set_dir / MANIFEST, msgspec.json.format(msgspec.json.encode(backup)) + b"\n", 0o600)
    except OSError as error:
        raise _failed(set_dir, MANIFEST, str(error)) from error


def verify(set_dir: Path, interruption: Interruption | None = None) -> BackupSet:
    """Read every file of a set through decompression and tar to its end, and compare it with the manifest.

    Raises:
        StepFailed: ``backup_unreadable``, naming the file and what is wrong with it; ``killed``, when interrupted.
    """
    backup = read_manifest(set_dir)
    for file in backup.files:
        _verify_file(set_dir / file.name, file, interruption or Interruption())
    return backup


def open_tar(set_dir: Path, file: BackupFile) -> Iterator[bytes]:
    """Yield the tar stream of one archive in pieces; only at its end it is known to be what was saved.

    Raises:
        StepFailed: ``backup_unreadable``: the archive is damaged, or is not the one of the manifest.
    """
    path = set_dir / file.name
    try:
        yield from open_archive(path, file.bytes, file.sha256)
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error), "restore another set") from error


def restore_config(set_dir: Path, file: BackupFile, root: Path, below: str, tracked: Collection[str]) -> None:
    """Bring back what a configuration's archive holds of one folder: names, content, links, modes, owners and times.

    Each file is replaced as a whole, none is removed, and no symbolic link is followed. It may be repeated. Owners come
    back only where the daemon runs as root. What was written is durable once ``root``'s file system is synced.

    Args:
        set_dir: the set's folder.
        file: the archive, as the set's manifest has it.
        root: what the names in the archive are relative to.
        below: the folder, relative to ``root``, for instance ``packages/wiki``.
        tracked: files, relative to ``root``, that stay as they are: git brings these back.

    Raises:
        Refused: ``archive_unsafe``: an entry could be written elsewhere, or something is in its way; nothing was
            changed.
        StepFailed: ``backup_unreadable``, with nothing changed; ``restore_failed``: the disk refuses.
    """
    archive = f"The backup {set_dir / file.name}"

    def chosen() -> Iterator[Entry]:
        folder, left = parts(below), {parts(name) for name in tracked}
        found = (one for one in vetted(open_tar(set_dir, file), archive) if one.path[: len(folder)] == folder)
        return (one for one in found if one.path not in left)

    refuse_unsafe(chosen(), root, archive)
    try:
        unpack(chosen(), root)
    except OSError as error:
        message = f"{archive} was not restored as a whole into {root}: {error}. {_free(root)} It can be repeated."
        raise StepFailed(Failure("restore_failed", message)) from error


def discard_unfinished(set_dir: Path) -> None:
    """Remove a set that has no manifest; one that has it stays, and one that is not there is fine."""
    if set_dir.is_dir() and not (set_dir / MANIFEST).exists():
        shutil.rmtree(set_dir)


def _attempt(set_dir: Path, name: str, write: Callable[[Path], Written]) -> Written:
    try:
        make_folder(set_dir)
        return write(set_dir / name)
    except (OSError, ValueError) as error:
        raise _failed(set_dir, name, str(error)) from error


def _entry(name: str, kind: str, source: str, written: Written) -> BackupFile:
    return BackupFile(name, kind, source, written.bytes, written.sha256, written.members)


def read_manifest(set_dir: Path) -> BackupSet:
    """Read what a set says of itself.

    Raises:
        StepFailed: ``backup_unreadable``.
    """
    try:
        return msgspec.json.decode((set_dir / MANIFEST).read_bytes(), type=BackupSet)
    except (OSError, msgspec.MsgspecError) as error:
        raise _unreadable(set_dir / MANIFEST, str(error)) from error


def _verify_file(path: Path, recorded: BackupFile, interruption: Interruption) -> None:
    try:
        found = read_archive(path, interruption)
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    for what in ("bytes", "sha256", "members"):
        expected, got = getattr(recorded, what), getattr(found, what)
        if expected != got:
            raise _unreadable(
                path, f"its {what} should be {expected}, and {'is' if what != 'members' else 'are'} {got}"
            )


def _failed(set_dir: Path, name: str, said: str) -> StepFailed:
    return StepFailed(Failure("backup_failed", f"The backup {name} in {set_dir} failed: {said}. {_free(set_dir)}"))


def _free(folder: Path) -> str:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return f"{shutil.disk_usage(there).free // 2**20} MiB are free on its disk."


def _unreadable(path: Path, said: str, remedy: str = "release again for a new one") -> StepFailed:
    message = f"The backup {path} cannot be read back: {said}. Look at the disk, then {remedy}."
    return StepFailed(Failure("backup_unreadable", message))
