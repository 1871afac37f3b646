"""An ops-repo checkout and its remote, in our words. Everything is done by git itself, hardened."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from released.adapters.git import contents, history
from released.adapters.git.command import GitCommand
from released.adapters.git.environment import hardened_environment
from released.adapters.git.examination import broken_objects
from released.adapters.git.fetch import fetch_branch, tip_at_remote
from released.adapters.git.files import open_below
from released.adapters.git.head import NO_COMMIT, Head, head_of
from released.adapters.git.keeping import keep
from released.adapters.git.move import move, settle_move
from released.adapters.git.names import parse_branch, parse_remote
from released.adapters.git.notes import read_note, read_notes, write_note
from released.adapters.git.obstacles import obstacles
from released.adapters.git.paths import repository_path
from released.adapters.git.push import push_commit
from released.adapters.git.records import ChangedPath, CheckoutState, Commit, TreeEntry, object_id
from released.adapters.git.restoring import restoring_commit, same_tree
from released.adapters.git.return_to_branch import admit_return, return_to_branch, settle_return
from released.adapters.git.state import state_of
from released.domain.errors import Refused
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from released.adapters.interruption import Interruption

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
        self.remote = parse_remote(remote)
        self.branch = parse_branch(branch)
        environment = hardened_environment(self.checkout, ssh_command, credential_file, allow_protocols)
        self._command = GitCommand(self.checkout, environment)

    def heeding(self, interruption: Interruption) -> Git:
        """Give the same checkout, where git is ended when it is interrupted: for looking, never for moving it.

        A method that is interrupted raises ``StepFailed`` with code ``killed``.
        """
        heeding = copy(self)
        heeding._command = self._command.heeding(interruption)  # noqa: SLF001 (of a copy of ourselves)
        return heeding

    def own_folder(self) -> Path:
        """Return git's own folder of this work tree: what lies there is never added to a commit."""
        return self._command.path_of("index").parent

    def objects_folder(self) -> Path:
        """Return where git keeps its objects; linked work trees have one together."""
        return self._command.path_of("objects")

    def state(self) -> CheckoutState:
        """Return where HEAD stands, on which branch, what is dirty (untracked files count), and what is unfinished.

        Raises:
            Refused: git cannot tell (``git_failed``): no repository, no commit yet, a broken one.
        """
        return state_of(self._command)

    def broken_objects(self) -> tuple[str, ...]:
        """Say, a line each, what is missing or broken of what HEAD, the index and all refs need; nothing is repaired.

        Empty where all is there. To be asked after a power cut: reading HEAD alone does not tell.
        """
        return broken_objects(self._command)

    def fetch(self, timeout_s: float = 120) -> Sha:
        """Fetch the remote's branch into ``refs/released/remote/<branch>`` and return its tip.

        Nothing else changes: no tags, no submodules, no remote-tracking branch, no FETCH_HEAD, no garbage collection.

        Raises:
            Refused: the remote is unknown (``remote_unknown``), or it cannot be fetched in time (``fetch_failed``).
            StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
        """
        return fetch_branch(self._command, self.remote, self.branch, timeout_s)

    def fetch_other(self, branch: str, timeout_s: float = 120) -> Sha | None:
        """Fetch another branch of the remote, as ``fetch`` does; ``None`` where the remote has no such branch.

        Raises:
            InvalidInput: the branch is no branch name (``branch_invalid``).
            Refused: the remote is unknown (``remote_unknown``), or it does not answer in time (``fetch_failed``).
            StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
        """
        if tip_at_remote(self._command, self.remote, parse_branch(branch), timeout_s) is None:
            return None
        return fetch_branch(self._command, self.remote, branch, timeout_s)

    def push(self, commit: Sha, timeout_s: float = 120) -> None:
        """Push a commit to the remote's branch, as a fast-forward only; nothing happens where it is there already.

        Raises:
            Refused: the remote is unknown (``remote_unknown``), or it did not take the commit in time
                (``push_failed``); after a deadline it may have taken it all the same, so pushing again tells.
            StepFailed: a git process holds on to the lock of what is fetched (``checkout_in_doubt``).
        """
        push_commit(self._command, self.remote, self.branch, commit, timeout_s)

    def tip_at_remote(self, timeout_s: float) -> Sha | None:
        """Ask the remote where its branch stands; nothing is fetched. ``None`` where it has no such branch.

        Raises:
            Refused: the remote is unknown (``remote_unknown``), or it does not answer in time (``fetch_failed``).
        """
        return tip_at_remote(self._command, self.remote, self.branch, timeout_s)

    def ignores(self, path: str) -> bool:
        """Tell whether git leaves a path out, because it is ignored and not in the index; a folder ends with a slash.

        Raises:
            Refused: git cannot tell (``git_failed``).
        """
        # The command refuses to take paths literally, as our environment has git do.
        answer = self._command.run("--no-literal-pathspecs", "check-ignore", "--quiet", "--", path)
        if answer.rc not in (0, 1):
            raise Refused("git_failed", f"git cannot tell whether {self.checkout} ignores {path}: {answer.complaint}")
        return answer.rc == 0

    def is_ancestor(self, old: Sha, new: Sha) -> bool:
        """Tell whether ``new`` contains ``old``; a commit contains itself.

        Raises:
            Refused: a commit is not in this repository (``git_failed``).
        """
        return history.is_ancestor(self._command, old, new)

    def has_commit(self, commit: Sha) -> bool:
        """Tell whether this repository has a commit: one of a history that was rewritten may be gone."""
        return history.has_commit(self._command, commit)

    def commits(self, old: Sha, new: Sha) -> tuple[Commit, ...]:
        """Return every commit that ``new`` contains and ``old`` does not, newest first."""
        return history.commits(self._command, old, new)

    def divergence(self, head: Sha, tip: Sha) -> tuple[tuple[Commit, ...], tuple[Commit, ...]]:
        """Return the commits that only ``head`` has (ours) and those that only ``tip`` has (theirs)."""
        return self.commits(tip, head), self.commits(head, tip)

    def brought_back(self, bad_base: Sha, bad_merge: Sha, deployed: Sha, tip: Sha) -> tuple[Commit, ...]:
        """Return the commits of ``bad_base..bad_merge`` that ``tip`` contains and ``deployed`` does not, newest first.

        Empty where this repository no longer has that range.

        Raises:
            Refused: ``deployed`` or ``tip`` is not in this repository (``git_failed``).
        """
        return history.brought_back(self._command, bad_base, bad_merge, deployed, tip)

    def message(self, commit: Sha) -> str:
        """Return the whole message of a commit, without the newlines at its end."""
        return history.message(self._command, commit)

    def changed_paths(self, base: Sha, merge: Sha) -> tuple[ChangedPath, ...]:
        """Return the paths whose content or mode differs; a rename is a deletion and an addition."""
        return history.changed_paths(self._command, base, merge)

    def same_tree(self, first: Sha, second: Sha) -> bool:
        """Tell whether two commits hold exactly the same files."""
        return same_tree(self._command, first, second)

    def restoring_commit(self, parent: Sha, tree_of: Sha, message: str, at: datetime) -> Sha:
        """Make a durable commit on top of ``parent`` whose tree is exactly that of ``tree_of``; nothing moves.

        The same arguments give the same commit, however often. ``at`` (aware of its time zone) dates it.

        Raises:
            Refused: a commit is not in this repository (``git_failed``).
        """
        return restoring_commit(self._command, parent, tree_of, message, at)

    def note(self, commit: Sha) -> str:
        """Return our note on a commit; empty where there is none."""
        return read_note(self._command, commit)

    def put_note(self, commit: Sha, text: str) -> None:
        """Put our note on a commit, in place of the one that is there, durably.

        Raises:
            Refused: there is no such commit, or git cannot write (``git_failed``).
            StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
        """
        write_note(self._command, commit, text)

    def notes(self) -> Iterator[tuple[Sha, str]]:
        """Return each of our notes with the commit that carries it."""
        return read_notes(self._command)

    def keep(self, commit: Sha, name: str) -> None:
        """Make ``refs/released/<name>`` stand at a commit, durably, so that no garbage collection takes it.

        Raises:
            InvalidInput: the name cannot be used (``kept_name_invalid``).
            Refused: there is no such commit, or the name lies below another kept one (``git_failed``).
            StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
        """
        keep(self._command, commit, name)

    def read(self, commit: Sha, path: str) -> bytes | None:
        """Return a file's content at a commit; ``None`` where the commit has no such path.

        Raises:
            Refused: the path is a folder, a symbolic link or a submodule there (``not_a_file``), or the file is larger
                than 16 MiB (``file_too_large``).
        """
        return contents.read_file(self._command, commit, path)

    def list_folder(self, commit: Sha, folder: str, *, recursive: bool = False) -> tuple[TreeEntry, ...]:
        """Return what lies in ``folder`` (empty: the root) at a commit; ``recursive``: all files below it.

        Raises:
            Refused: the name of an entry is no UTF-8 text (``path_not_text``).
        """
        return contents.list_folder(self._command, commit, folder, recursive=recursive)

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
        for entry in self._command.reflog("HEAD"):
            moved = entry.new == parse_sha(current) and entry.old not in (current, NO_COMMIT)
            if moved and entry.message.startswith(_MOVES_TO_NEW_CODE):
                return Sha(entry.old)
        return None

    def obstacles(self, old: Sha, new: Sha) -> tuple[str, ...]:
        """Return the ignored files that stand in the way of a move from ``old`` to ``new``, by path.

        Raises:
            Refused: a commit is not in this repository (``git_failed``).
        """
        return obstacles(self._command, old, new)

    def move(self, old: Sha, new: Sha) -> None:
        """Move branch and work tree from ``old`` to ``new``, a descendant or not, and make both durable.

        The checkout is expected to be clean and at ``old``. Files in the way, ignored ones too, make git refuse.

        Raises:
            StepFailed: HEAD is elsewhere, git refused, or somebody committed meanwhile (``fast_forward_failed``).
        """
        move(self._command, parse_sha(old), self._here_at(new), parse_sha(old))

    def settle_move(self, old: Sha, new: Sha) -> bool:
        """Find out how far an interrupted ``move`` came; complete one that is half done.

        Returns True where the checkout is at ``new`` and durable, False where it is untouched at ``old``.

        Raises:
            StepFailed: it stands otherwise (``checkout_in_doubt``); the paths are named and nothing was thrown away.
        """
        return settle_move(self._command, parse_sha(old), self._here_at(new))

    def admit_return(self, head: Sha, target: Sha) -> None:
        """Judge whether ``return_to_branch`` can do what it is asked for; nothing changes.

        Raises:
            Refused: the branch has commits that ``target`` lacks (``branch_diverged``), another work tree has it
                checked out, or files that git ignores lie in the way (``files_in_the_way``).
        """
        admit_return(self._command, self.branch, parse_sha(head), parse_sha(target))

    def return_to_branch(self, head: Sha, target: Sha) -> None:
        """Leave another branch, at ``head``, for the configured one, and fast-forward that to ``target``; all durable.

        The checkout is expected to be clean. The branch is made where it is missing. Files in the way, ignored ones
        too, make git refuse, and then nothing has changed.

        Raises:
            StepFailed: the branch has commits that ``target`` lacks (``branch_diverged``), HEAD is elsewhere, or git
                refused (``fast_forward_failed``).
        """
        return_to_branch(self._command, self.branch, parse_sha(head), parse_sha(target))

    def settle_return(self, head: Sha, target: Sha) -> bool:
        """Find out how far an interrupted ``return_to_branch`` came; complete one that is half done.

        Returns True where the configured branch is checked out at ``target`` and durable, False where the checkout is
        untouched at ``head``.

        Raises:
            StepFailed: the branch has commits that ``target`` lacks (``branch_diverged``), or the checkout stands
                otherwise (``checkout_in_doubt``); the paths are named and nothing was thrown away.
        """
        return settle_return(self._command, self.branch, parse_sha(head), parse_sha(target))

    def _here_at(self, commit: Sha) -> Head:
        return Head(head_of(self._command).branch, parse_sha(commit))
