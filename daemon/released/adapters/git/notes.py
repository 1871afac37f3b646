"""Notes of ours on commits: text beside a commit that changes neither it nor any branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from released.adapters.durability import sync_filesystem
from released.adapters.git.locks import remove_stale_locks
from released.domain.ids import Sha, parse_sha

if TYPE_CHECKING:
    from collections.abc import Iterator

    from released.adapters.git.command import GitCommand

REF = "refs/notes/released"


def read_note(command: GitCommand, commit: Sha) -> str:
    """Read the note on a commit; empty where there is none."""
    answer = command.run("notes", f"--ref={REF}", "show", parse_sha(commit))
    return answer.text if answer.rc == 0 else ""


def write_note(command: GitCommand, commit: Sha, text: str) -> None:
    """Put a note on a commit in place of the present one, durably.

    Raises:
        Refused: there is no such commit, or git cannot write (``git_failed``).
        StepFailed: a git process holds on to the ref's lock (``checkout_in_doubt``).
    """
    remove_stale_locks(command, (REF,))
    command.ask("notes", f"--ref={REF}", "add", "--force", f"--message={text}", parse_sha(commit))
    sync_filesystem(command.path_of("objects"))


def read_notes(command: GitCommand) -> Iterator[tuple[Sha, str]]:
    """Read each note, with the commit that carries it."""
    answer = command.run("notes", f"--ref={REF}", "list")
    for line in answer.text.splitlines() if answer.rc == 0 else ():
        commit = Sha(line.partition(" ")[2])
        yield commit, read_note(command, commit)
