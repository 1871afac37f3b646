"""An ops-repo checkout and its remote, in our words. Everything is done by git itself, hardened."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from released.adapters.git.command import GitCommand, shown
from released.adapters.git.environment import hardened_environment
from released.adapters.git.fast_forward import move_forward, settle_move
from released.adapters.git.fetch import fetch_branch
from released.adapters.git.files import open_below, owner_name
from released.adapters.git.paths import refuse_undecodable, repository_path
from released.adapters.git.records import (
    COMMIT_FORMAT,
    DIFFERENCES,
    STATUS,
    ChangedPath,
    CheckoutState,
    Commit,
    DirtyPath,
    StatusEntry,
    TreeEntry,
    object_id,
    parse_changes,
    parse_commits,
    parse_status,
    parse_tree,
)
from released.domain.errors import InvalidInput, Refused
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_BRANCH = re.compile(r"(?!.*(\.\.|//|/\.|\.lock(/|$)|[/.]$))[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
_IN_PROGRESS = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "REVERT_HEAD": "revert",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "sequencer": "cherry-pick",
    "BISECT_LOG": "bisect",
}
_NO_COMMIT = "0" * 40
_LARGEST_READ = 16 * 1024 * 1024
_MOVES_TO_NEW_CODE = ("pull", "merge", "reset")


class Git:
    """One checkout, the remote and branch that it follows, and nothing that they bring along is executed."""

    def __init__(
        self,
        checkout: Path,
        remote: str,
        branch: str,
        *,
        ssh_command: str | None = None,
        credential_file: Path | None = None,
        allow_protocols: Sequence[str] = ("https", "ssh", "file"),
    ) -> None:
        self.checkout = checkout.resolve()
        self.remote = _matching(_REMOTE, remote, "remote_invalid", "a remote such as origin")
        self.branch = _matching(_BRANCH, branch, "branch_invalid", "a branch such as main")
        environment = hardened_environment(self.checkout, ssh_command, credential_file, allow_protocols)
        self._command = GitCommand(self.checkout, environment)

    @property
    def fetched_ref(self) -> str:
        """The ref of ours that holds what was fetched last."""
        return f"refs/released/remote/{self.branch}"

    def own_folder(self) -> Path:
        """Return git's own folder of this work tree: what lies there is never added to a commit."""
        return self._command.path_of("index").parent

    def state(self) -> CheckoutState:
        """Return where HEAD stands, on which branch, what is dirty (untracked files count), and what is unfinished.

        Raises:
            Refused: git cannot tell (``git_failed``): no repository, no commit yet, a broken one.
        """
        branch = self._command.run("symbolic-ref", "--quiet", "--short", "HEAD")
        status = self._command.ask(*STATUS)
        return CheckoutState(
            head=self._commit_of("HEAD"),
            branch=branch.text if branch.rc == 0 else None,
            dirty=tuple(self._dirty_path(entry) for entry in parse_status(status.output)),
            in_progress=self._in_progress(),
        )

    def fetch(self, timeout_s: float = 120) -> Sha:
        """Fetch the remote's branch into ``fetched_ref`` and return its tip.

        Nothing else changes: no tags, no submodules, no remote-tracking branch, no FETCH_HEAD, no garbage collection.

        Raises:
            Refused: the remote is unknown (``remote_unknown``), or it cannot be fetched in time (``fetch_failed``).
            StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
        """
        fetch_branch(self._command, self.remote, self.branch, self.fetched_ref, timeout_s)
        return self._commit_of(self.fetched_ref)

    def is_ancestor(self, old: Sha, new: Sha) -> bool:
        """Tell whether ``new`` contains ``old``; a commit contains itself.

        Raises:
            Refused: a commit is not in this repository.
        """
        answer = self._command.run("merge-base", "--is-ancestor", parse_sha(old), parse_sha(new))
        if answer.rc not in (0, 1):
            raise Refused("git_failed", f"{self.checkout} cannot compare {old} with {new}: {answer.complaint}")
        return answer.rc == 0

    def has_commit(self, commit: Sha) -> bool:
        """Tell whether this repository has a commit: one of a history that was rewritten may be gone."""
        return self._command.run("cat-file", "-e", f"{parse_sha(commit)}^{{commit}}").rc == 0

    def commits(self, old: Sha, new: Sha) -> tuple[Commit, ...]:
        """Return every commit that ``new`` contains and ``old`` does not, newest first."""
        listing = ("rev-list", "--encoding=UTF-8", "--no-commit-header", f"--format={COMMIT_FORMAT}")
        return parse_commits(self._command.ask(*listing, parse_sha(new), f"^{parse_sha(old)}", "--").text)

    def divergence(self, head: Sha, tip: Sha) -> tuple[tuple[Commit, ...], tuple[Commit, ...]]:
        """Return the commits that only ``head`` has (ours) and those that only ``tip`` has (theirs)."""
        return self.commits(tip, head), self.commits(head, tip)

    def changed_paths(self, base: Sha, merge: Sha) -> tuple[ChangedPath, ...]:
        """Return the paths whose content or mode differs; a rename is a deletion and an addition."""
        answer = self._command.ask(*DIFFERENCES, parse_sha(base), parse_sha(merge), "--")
        return tuple(ChangedPath(shown(change.path), change.status) for change in parse_changes(answer.output))

    def read(self, commit: Sha, path: str) -> bytes | None:
        """Return a file's content at a commit; ``None`` where the commit has no such path.

        Raises:
            Refused: the path is a folder, a symbolic link or a submodule there (``not_a_file``), or the file is larger
                than 16 MiB (``file_too_large``).
        """
        entry = next(iter(self._tree(commit, repository_path(path))), None)
        if entry is None:
            return None
        if not entry.mode.startswith("100"):
            raise Refused(
                "not_a_file", f"{path} at {commit} is no regular file (git mode {entry.mode}); it is not read."
            )
        self._refuse_large(commit, entry)
        return self._command.ask("cat-file", "blob", entry.blob).output

    def list_folder(self, commit: Sha, folder: str, *, recursive: bool = False) -> tuple[TreeEntry, ...]:
        """Return what lies in ``folder`` (empty: the root) at a commit; ``recursive``: all files below it.

        Raises:
            Refused: the name of an entry is no UTF-8 text (``path_not_text``).
        """
        below = f"{repository_path(folder)}/" if folder else ""
        entries = self._tree(commit, below, *(("-r",) if recursive else ()))
        refuse_undecodable(commit, entries)
        return entries

    def blob_of_file(self, path: str) -> str | None:
        """Return the object id that the file's present bytes would have; ``None`` where there is no such file.

        Raises:
            Refused: the path, or a folder above it, is a symbolic link or no regular file (``not_a_file``).
        """
        try:
            descriptor = open_below(self.checkout, repository_path(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused("not_a_file", f"{path} in {self.checkout} is no regular file ({error.strerror}).") from None
        with open(descriptor, "rb") as file:  # noqa: PTH123 (the file is open already; this wraps its descriptor)
            return object_id(file.read())

    def head_before_pull(self, current: Sha) -> Sha | None:
        """Return where HEAD stood before the latest pull, merge or reset that brought it to ``current``.

        ``None`` where the reflog does not know (a fresh clone, an expired entry).
        """
        for entry in self._command.reflog():
            moved = entry.new == parse_sha(current) and entry.old not in (current, _NO_COMMIT)
            if moved and entry.message.startswith(_MOVES_TO_NEW_CODE):
                return Sha(entry.old)
        return None

    def fast_forward(self, base: Sha, merge: Sha) -> None:
        """Move branch and work tree from ``base`` to ``merge`` and make both durable.

        The checkout is expected to be clean and at ``base``. Files in the way, ignored ones too, make git refuse.

        Raises:
            StepFailed: HEAD is elsewhere, or git refused (``fast_forward_failed``).
        """
        move_forward(self._command, parse_sha(base), parse_sha(merge))

    def settle_fast_forward(self, base: Sha, merge: Sha) -> bool:
        """Find out how far an interrupted ``fast_forward`` came; complete one that is half done.

        Returns True where the checkout is at ``merge`` and durable, False where it is untouched at ``base``.

        Raises:
            StepFailed: it stands otherwise (``checkout_in_doubt``); the paths are named and nothing was touched.
        """
        return settle_move(self._command, parse_sha(base), parse_sha(merge))

    def _commit_of(self, ref: str) -> Sha:
        return Sha(self._command.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").text)

    def _tree(self, commit: Sha, path: str, *options: str) -> tuple[TreeEntry, ...]:
        paths = (path,) if path else ()
        answer = self._command.ask("ls-tree", "-z", "--full-tree", *options, parse_sha(commit), "--", *paths)
        return parse_tree(answer.output)

    def _refuse_large(self, commit: Sha, entry: TreeEntry) -> None:
        size = int(self._command.ask("cat-file", "-s", entry.blob).text)
        if size > _LARGEST_READ:
            raise Refused(
                "file_too_large",
                f"{entry.path} at {commit} has {size} bytes; files of more than {_LARGEST_READ} bytes are not read. "
                "Make it smaller, then run again.",
            )

    def _in_progress(self) -> str | None:
        found = (word for name, word in _IN_PROGRESS.items() if self._command.path_of(name).exists())
        return next(found, None)

    def _dirty_path(self, entry: StatusEntry) -> DirtyPath:
        try:
            facts = os.lstat(os.fsencode(self.checkout) + b"/" + entry.path.encode("utf-8", "surrogateescape"))
        except OSError:
            return DirtyPath(shown(entry.path), entry.status, None, "")
        modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
        return DirtyPath(shown(entry.path), entry.status, modified_at, owner_name(facts.st_uid))


def _matching(pattern: re.Pattern[str], text: str, code: str, expected: str) -> str:
    if not pattern.fullmatch(text):
        raise InvalidInput(code, f"{text!r} cannot be used: expected {expected}.")
    return text
