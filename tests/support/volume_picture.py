"""What a volume holds, so that two moments can be compared to the byte."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections import defaultdict
from typing import NamedTuple

Picture = dict[str, "Entry"]
"""Path to what is there; of the folder itself the path is empty."""


class Entry(NamedTuple):
    """One path of a volume."""

    kind: bytes
    """As tar has it; a hard link is a file."""
    mode: int
    owner: tuple[int, int]
    modified_at: float
    leads_to: str
    """Of a symbolic link."""
    content: bytes
    names: frozenset[str]
    """All names of the same file."""


def volume_picture(container: str, folder: str) -> Picture:
    """Read a folder through the engine; whether the container runs does not matter."""
    copied = subprocess.run(
        ["docker", "cp", f"{container}:{folder}/.", "-"],  # noqa: S607 (tests use the client that is found on the path)
        capture_output=True,
        check=False,
    )
    assert copied.returncode == 0, copied.stderr
    with tarfile.open(fileobj=io.BytesIO(copied.stdout)) as tar:
        return _picture(tar)


def _picture(tar: tarfile.TarFile) -> Picture:
    # Which of several names comes first, and which are links to it, depends on the file system.
    firsts = {one.name: one.linkname if one.islnk() else one.name for one in tar.getmembers()}
    names: defaultdict[str, set[str]] = defaultdict(set)
    for name, first in firsts.items():
        names[first].add(name)
    return {
        name.removeprefix("./"): _entry(tar, tar.getmember(first), frozenset(names[first]))
        for name, first in firsts.items()
    }


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo, names: frozenset[str]) -> Entry:
    file = tar.extractfile(member) if member.isfile() else None
    return Entry(
        member.type,
        member.mode,
        (member.uid, member.gid),
        member.mtime,
        member.linkname,
        file.read() if file else b"",
        names,
    )
