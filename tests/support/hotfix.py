"""A hotfix as people make it: a branch that is checked out in production by hand, and merged later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from support.site import Site

BRANCH = "hotfix/login"
FILTERED = {".gitattributes": "*.bin filter=gone\n", "docs/logo.bin": "pixels\n"}
"""Files that no checkout can take in once ``break_filter`` was called, and only git's own attempt tells."""


def check_out_hotfix(site: Site, files: Mapping[str, str], *, pushed: bool = False) -> str:
    """Check a new branch out, on top of what is there, and commit a fix to it; return that commit.

    Args:
        site: whose checkout it is.
        files: path to content.
        pushed: whether the remote is to know the branch.
    """
    site.git("switch", "--quiet", "--create", BRANCH)
    commit = commit_here(site, files)
    if pushed:
        site.git("push", "--quiet", "origin", BRANCH)
    return commit


def commit_here(site: Site, files: Mapping[str, str]) -> str:
    """Commit in the checkout itself, on the branch that is there; return the commit."""
    for path, content in files.items():
        file = site.ops.checkout / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        site.git("add", path)
    site.git("commit", "--quiet", "-m", f"Commit {', '.join(files)} by hand")
    return site.ops.head()


def merge_hotfix(site: Site) -> str:
    """Merge the branch into the remote's ``main``; return the merge commit."""
    site.git("push", "--quiet", "origin", BRANCH)
    developer = site.ops.developer
    site.ops.git("fetch", "--quiet", cwd=developer)
    site.ops.git("merge", "--quiet", "--no-ff", "-m", f"Merge {BRANCH}", f"origin/{BRANCH}", cwd=developer)
    site.ops.git("push", "--quiet", "origin", "main", cwd=developer)
    return site.ops.head(developer)


def break_filter(git: Callable[..., str]) -> None:
    """Have a checkout name a filter whose program is gone; ``git`` runs there."""
    git("config", "filter.gone.smudge", "false")
    git("config", "filter.gone.required", "true")


def mend_filter(git: Callable[..., str]) -> None:
    """Take the filter out of the checkout's configuration."""
    git("config", "--remove-section", "filter.gone")
