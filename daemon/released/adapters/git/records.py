"""What git knows, in our words, and how it is read from git's machine-readable output."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from released.adapters.git.command import decode, shown
from released.domain.ids import Sha

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = "0" * 6
SYMLINK = "120000"
SUBMODULE = "160000"
STATUS = ("status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=dirty")
"""The command whose output ``parse_status`` reads; git is not started inside submodules."""
DIFFERENCES = (
    "diff-tree",
    "-r",
    "-z",
    "--raw",
    "--no-abbrev",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=none",
)
"""The command whose output ``parse_changes`` reads."""
COMMIT_FORMAT = "%H%x00%an%x00%ct%x00%s"


@dataclass(frozen=True)
class Commit:
    """One commit; ``author`` is a name, ``subject`` the first paragraph of its message on one line."""

    sha: Sha
    subject: str
    author: str
    committed_at: datetime

    @property
    def line(self) -> str:
        """What messages say of it."""
        return f"{self.sha[:12]} {self.subject} ({self.author})"


@dataclass(frozen=True)
class ChangedPath:
    """One path that differs between two commits; ``status`` is ``A``, ``M``, ``D`` or ``T`` (type changed)."""

    path: str
    status: str


@dataclass(frozen=True)
class TreeEntry:
    """One entry of a folder at a commit; ``mode`` as git writes it (``100755``), ``blob`` its object id."""

    path: str
    mode: str
    blob: str


@dataclass(frozen=True)
class DirtyPath:
    """One path that stands otherwise than in HEAD; ``status`` is git's two letters (``??``, `` M``, ``D ``)."""

    path: str
    status: str
    modified_at: datetime | None
    """``None`` where nothing is left to look at."""
    owner: str
    """Who owns the file now; empty where it is gone."""


@dataclass(frozen=True)
class CheckoutState:
    """How a checkout stands."""

    head: Sha
    branch: str | None
    r"""``None`` for a detached HEAD; bytes that are no UTF-8 read ``\xe9``."""
    dirty: tuple[DirtyPath, ...]
    in_progress: str | None
    """``merge``, ``rebase``, ``cherry-pick``, ``revert`` or ``bisect``."""


@dataclass(frozen=True)
class Version:
    """How a path stands in a tree or in the index."""

    mode: str
    blob: str

    @property
    def absent(self) -> bool:
        """True where there is no such path."""
        return self.mode == ABSENT


@dataclass(frozen=True)
class Change:
    """One path that differs between two trees, with both versions."""

    path: str
    status: str
    old: Version
    new: Version


@dataclass(frozen=True)
class StatusEntry:
    """One path of ``git status``; ``index`` is ``None`` where git does not track it or it is in conflict."""

    path: str
    status: str
    index: Version | None


def parse_commits(text: str) -> tuple[Commit, ...]:
    """Read lines of ``COMMIT_FORMAT``."""
    return tuple(_commit(line) for line in text.split("\n") if line)


def parse_changes(output: bytes) -> tuple[Change, ...]:
    """Read ``git diff-tree --raw -z``."""
    fields = iter(decode(output).split("\0"))
    return tuple(_change(header, next(fields)) for header in fields if header)


def parse_tree(output: bytes) -> tuple[TreeEntry, ...]:
    """Read ``git ls-tree -z``."""
    return tuple(_tree_entry(record) for record in decode(output).split("\0") if record)


def parse_status(output: bytes) -> Iterator[StatusEntry]:
    """Read ``git status --porcelain=v2 --no-renames -z``."""
    for record in decode(output).split("\0"):
        kind = record[:1]
        if kind == "1":
            _, letters, _, _, mode, _, _, blob, path = record.split(" ", 8)
            yield StatusEntry(path, letters.replace(".", " "), Version(mode, blob))
        elif kind == "u":
            fields = record.split(" ", 10)
            yield StatusEntry(fields[10], fields[1], None)
        elif kind == "?":
            yield StatusEntry(record[2:], "??", None)


def _commit(line: str) -> Commit:
    sha, author, seconds, subject = line.split("\0", 3)
    return Commit(Sha(sha), shown(subject), shown(author), datetime.fromtimestamp(int(seconds), UTC))


def _change(header: str, path: str) -> Change:
    old_mode, new_mode, old_blob, new_blob, status = header.removeprefix(":").split(" ")
    return Change(path, status, Version(old_mode, old_blob), Version(new_mode, new_blob))


def _tree_entry(record: str) -> TreeEntry:
    header, path = record.split("\t", 1)
    mode, _, blob = header.split(" ")
    return TreeEntry(path, mode, blob)


def object_id(content: bytes) -> str:
    """Give the object id of a blob with this content, as ``git hash-object --no-filters`` does, without a process."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
