"""Where HEAD stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from released.adapters.git.command import shown
from released.domain.ids import Sha

if TYPE_CHECKING:
    from released.adapters.git.command import GitCommand

NO_COMMIT = "0" * 40
"""What git writes for the commit of a branch that is not there."""
_BRANCHES = "refs/heads/"


@dataclass(frozen=True)
class Head:
    """A commit, and the branch that stands at it; ``None`` for a detached HEAD."""

    branch: str | None
    commit: Sha

    def __str__(self) -> str:
        return f"{self.commit} on {shown(self.branch)}" if self.branch else f"{self.commit}, detached"


def head_of(command: GitCommand) -> Head:
    """Return where HEAD stands.

    Raises:
        Refused: git cannot tell (``git_failed``): no repository, no commit yet, a broken one.
    """
    # Not --short, which gives "heads/main" where there is a tag "main", too.
    symbolic = command.run("symbolic-ref", "--quiet", "HEAD")
    branch = symbolic.text.removeprefix(_BRANCHES) if symbolic.rc == 0 else None
    return Head(branch, commit_of(command, "HEAD"))


def commit_of(command: GitCommand, ref: str) -> Sha:
    """Return the commit at which ``ref`` stands.

    Raises:
        Refused: there is no such ref, or no such commit (``git_failed``).
    """
    return Sha(command.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").text)


def commit_of_branch(command: GitCommand, branch: str) -> Sha | None:
    """Return the commit at which a local branch stands; ``None`` where there is no such branch."""
    answer = command.run("rev-parse", "--verify", "--quiet", f"{_BRANCHES}{branch}^{{commit}}")
    return Sha(answer.text) if answer.rc == 0 else None
