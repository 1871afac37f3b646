"""After a crash: how far did an interrupted fast-forward of ours come, and may it be completed?

git's order is: take ``index.lock``, change the work tree, replace the index, move the branch. A path that the
fast-forward changes can therefore be found in its old version, in its new one, half written, or taken away and not yet
written again. All of that git can bring back, so completing it destroys nothing. Anything else is a stranger's.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

from released.adapters.git.command import shown
from released.adapters.git.files import open_below
from released.adapters.git.records import (
    DIFFERENCES,
    STATUS,
    SUBMODULE,
    SYMLINK,
    Change,
    StatusEntry,
    Version,
    parse_changes,
    parse_status,
)
from released.domain.errors import StepFailed
from released.domain.failure import Failure, NextCommand

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand
    from released.domain.ids import Sha


class Settlement:
    """Judges and completes one interrupted fast-forward from ``base`` to ``merge``; no git process lives any more."""

    def __init__(self, command: GitCommand, base: Sha, merge: Sha) -> None:
        self._command = command
        self._base = base
        self._merge = merge

    def settle(self) -> bool:
        """Return True where the checkout now stands cleanly at ``merge``, False where it is untouched at ``base``.

        Raises:
            StepFailed: it stands otherwise; nothing was touched (``checkout_in_doubt``).
        """
        head = self._head()
        dirty = self._dirty()
        if not dirty:
            return head == self._merge
        strange = self._strange_paths(dirty)
        if strange:
            self._fail(f"these paths are neither as in {self._base} nor as in {self._merge}: {', '.join(strange)}")
        self._complete()
        return True

    def _head(self) -> str:
        head = self._command.ask("rev-parse", "--verify", "HEAD").text
        if head not in (self._base, self._merge):
            self._fail(f"HEAD is at {head}, neither at {self._base} nor at {self._merge}")
        if self._command.run("symbolic-ref", "--quiet", "HEAD").rc != 0:
            self._fail("HEAD is detached")
        return head

    def _dirty(self) -> tuple[StatusEntry, ...]:
        return tuple(parse_status(self._command.ask(*STATUS).output))

    def _strange_paths(self, dirty: tuple[StatusEntry, ...]) -> list[str]:
        answer = self._command.ask(*DIFFERENCES, self._base, self._merge, "--")
        changes = {change.path: change for change in parse_changes(answer.output)}
        strange = {entry.path for entry in dirty if not _is_ours(entry, changes.get(entry.path))}
        strange |= {path for path, change in changes.items() if not self._on_its_way(change)}
        return sorted(shown(path) for path in strange)

    def _on_its_way(self, change: Change) -> bool:
        """Tell whether the file on disk is in a state that the fast-forward itself can have left."""
        path = self._command.checkout / change.path
        if SUBMODULE in (change.old.mode, change.new.mode) or not os.path.lexists(path):
            return True
        if path.is_symlink():
            return self._link_is_known(change, os.fsencode(path.readlink()))
        if path.is_dir():
            return change.new.absent or not any(path.iterdir())
        return path.is_file() and self._file_is_known(change, executable=bool(path.stat().st_mode & 0o100))

    def _link_is_known(self, change: Change, target: bytes) -> bool:
        known = (version for version in (change.old, change.new) if version.mode == SYMLINK)
        return any(self._command.ask("cat-file", "blob", version.blob).output == target for version in known)

    def _file_is_known(self, change: Change, *, executable: bool) -> bool:
        present = Version("100755" if executable else "100644", self._blob_on_disk(change.path))
        if present in (change.old, change.new):
            return True
        return present.mode == change.new.mode and self._is_half_written(change)

    def _blob_on_disk(self, path: str) -> str:
        with open(open_below(self._command.checkout, path), "rb") as file:  # noqa: PTH123 (wraps an open descriptor)
            return self._command.ask("hash-object", f"--path={path}", "--stdin", stdin=file).text

    def _is_half_written(self, change: Change) -> bool:
        whole = self._command.ask("cat-file", "--filters", f"--path={change.path}", change.new.blob).output
        return whole.startswith((self._command.checkout / change.path).read_bytes())

    def _complete(self) -> None:
        answer = self._command.run("reset", "--hard", "--quiet", self._merge, "--")
        if answer.rc != 0:
            self._fail(f"it could not be completed: {answer.complaint}")
        left = ", ".join(shown(entry.path) for entry in self._dirty())
        if left:
            self._fail(f"it was completed, and these paths are dirty all the same: {left}")

    def _fail(self, finding: str) -> NoReturn:
        raise checkout_in_doubt(self._command, f"the interrupted move to {self._merge} cannot be settled: {finding}")


def checkout_in_doubt(command: GitCommand, finding: str) -> StepFailed:
    """Make the failure for a checkout that a person has to look at."""
    look = ("git", "-C", str(command.checkout), "status")
    message = f"In {command.checkout} {finding}. Nothing was thrown away. Look with: {' '.join(look)}"
    return StepFailed(Failure("checkout_in_doubt", message, next=(NextCommand(look, "shows what is in the way"),)))


def _is_ours(entry: StatusEntry, change: Change | None) -> bool:
    """Tell whether the fast-forward changes this path, and the index holds one of its two versions."""
    if change is None:
        return False
    untracked = entry.status == "??"
    return untracked or entry.index in (change.old, change.new)
