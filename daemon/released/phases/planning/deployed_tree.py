"""Which commit's tree is deployed, for a history that may lack our own revert commits (spec: revert)."""

from __future__ import annotations

from released.adapters.git.checkout import Git
from released.domain.errors import InvalidInput
from released.domain.ids import Sha
from released.domain.revert import commit as revert_commit
from released.domain.revert.trailers import trailers


def tree_within(git: Git, head: Sha, merge: Sha) -> Sha:
    """Name the commit of the history of ``merge`` that has the tree of ``head``, as far as our reverts tell.

    That is ``head`` itself, unless ``merge`` lacks it and it is a revert commit of ours: then it is the commit whose
    tree that brought back. What the trailer claims is believed only where the trees are equal.
    """
    while git.has_commit(head) and not git.is_ancestor(head, merge):
        before = restored(git, head)
        if before is None:
            break
        head = before
    return head


def takes_back(git: Git, commit: Sha, parent: Sha, target: Sha) -> bool:
    """Tell whether a commit is a revert commit of ours that brings the tree of ``target`` back on top of ``parent``."""
    return restored(git, commit) == target and [one.sha for one in git.commits(parent, commit)] == [commit]


def restored(git: Git, commit: Sha) -> Sha | None:
    """Name the commit whose tree a revert commit of ours brought back; ``None`` for any other commit."""
    try:
        claimed = revert_commit.restored_tree(trailers(git.message(commit)))
    except InvalidInput:
        return None
    return claimed if claimed and git.has_commit(claimed) and git.same_tree(commit, claimed) else None
