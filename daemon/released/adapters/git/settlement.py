"""After a crash: how far did an interrupted move of ours come, and may it be completed?

git's order is: take ``index.lock``, change the work tree, replace the index, move the branch, put HEAD on it. A path
that the move changes can therefore be found in its old version, in its new one, half written, or taken away and not yet
written again. All of that git can bring back, so completing it destroys nothing. Anything else is a stranger's.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NoReturn

from released.adapters.git.command import shown
from released.adapters.git.files import open_below
from released.adapters.git.head import head_of
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
from released.adapters.git.switch import switch_over_everything
from released.domain.errors import StepFailed
from released.domain.failure import Failure, NextCommand

if TYPE_CHECKING:
    from pathlib import Path

    from released.adapters.git.command import GitCommand
    from released.adapters.git.head import Head
    from released.domain.ids import Sha


class Settlement:
    """Judges and completes one interrupted move from ``old`` to ``end``; no git process lives any more."""

    def __init__(self, command: GitCommand, old: Sha, end: Head) -> None:
        self._command = command
        self._old = old
        self._end = end

    def settle(self) -> bool:
        """Return True where the checkout now stands cleanly at ``end``, False where it is untouched at ``old``.

        Raises:
            StepFailed: it stands otherwise; nothing was thrown away (``checkout_in_doubt``).
        """
        at_end = self._is_at_end()
        dirty = self._dirty()
        if not dirty:
            return at_end
        strange = self._strange_paths(dirty)
        if strange:
            self._fail(f"these paths are neither as in {self._old} nor as in {self._end.commit}: {', '.join(strange)}")
        self._complete()
        return True

    def _is_at_end(self) -> bool:
        head = head_of(self._command)
        if head.branch is None:
            self._fail(f"HEAD is detached at {head.commit}")
        if head != self._end and head.commit != self._old:
            self._fail(f"HEAD is at {head}, neither at {self._old} nor at {self._end}")
        return head == self._end

    def _dirty(self) -> tuple[StatusEntry, ...]:
        return tuple(parse_status(self._command.ask(*STATUS).output))

    @cached_property
    def _changes(self) -> dict[str, Change]:
        answer = self._command.ask(*DIFFERENCES, self._old, self._end.commit, "--")
        return {change.path: change for change in parse_changes(answer.output)}

    def _strange_paths(self, dirty: tuple[StatusEntry, ...]) -> list[str]:
        strange = {entry.path for entry in dirty if not _is_ours(entry, self._changes.get(entry.path))}
        strange |= {path for path in map(self._reached, self._changes) if not self._is_on_its_way(path)}
        return sorted(shown(path) for path in strange)

    def _reached(self, path: str) -> str:
        """Return how far the way to ``path`` leads on disk: what is no folder ends it, an ignored file for instance."""
        for folder in reversed(PurePosixPath(path).parents[:-1]):
            place = self._command.checkout / folder
            if place.is_symlink() or (place.exists() and not place.is_dir()):
                return str(folder)
        return path

    def _is_on_its_way(self, path: str) -> bool:
        """Tell whether what is on disk is in a state that the move itself can have left."""
        change = self._changes.get(path)
        place = self._command.checkout / path
        if change is None or not os.path.lexists(place):
            return change is not None
        if place.is_symlink():
            return self._link_is_known(change, os.fsencode(place.readlink()))
        if place.is_dir():
            return change.new.absent or change.new.mode == SUBMODULE or self._holds_only_changes(place)
        return place.is_file() and self._file_is_known(change, executable=bool(place.stat().st_mode & 0o100))

    def _holds_only_changes(self, folder: Path) -> bool:
        """Tell whether all that is below a folder, where a file is to be, is judged for itself."""
        found = (place for place in folder.rglob("*") if place.is_symlink() or not place.is_dir())
        return all(str(place.relative_to(self._command.checkout)) in self._changes for place in found)

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
        # Else git writes anew what only looks changed (in a copied checkout, say), though the move leaves it be.
        self._command.run("update-index", "-q", "--refresh")
        answer = switch_over_everything(self._command, self._end)
        if answer.rc != 0:
            self._fail(f"it could not be completed: {answer.complaint}")
        left = ", ".join(shown(entry.path) for entry in self._dirty())
        if left:
            self._fail(f"it was completed, and these paths are dirty all the same: {left}")

    def _fail(self, finding: str) -> NoReturn:
        raise checkout_in_doubt(self._command, f"the interrupted move to {self._end} cannot be settled: {finding}")


def checkout_in_doubt(command: GitCommand, finding: str) -> StepFailed:
    """Make the failure for a checkout that a person has to look at."""
    look = ("git", "-C", str(command.checkout), "status")
    message = f"In {command.checkout} {finding}. Nothing was thrown away. Look with: {' '.join(look)}"
    return StepFailed(Failure("checkout_in_doubt", message, next=(NextCommand(look, "shows what is in the way"),)))


def _is_ours(entry: StatusEntry, change: Change | None) -> bool:
    """Tell whether the move changes this path, and the index holds one of its two versions.

    What git does not track is judged by where it lies: while a ``.gitignore`` is on its way, ignored files are seen.
    """
    if entry.status == "??":
        return True
    return change is not None and entry.index in (change.old, change.new)
