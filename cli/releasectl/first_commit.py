"""Makes a git repository of a folder, with a first commit on ``main``; the user's own git does it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from releasectl.errors import ClientError
from releasectl.exit_codes import ExitCode

_NEUTRAL_AUTHOR = ("-c", "user.name=releasectl", "-c", "user.email=releasectl@localhost")
_LEADING_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
"""Set while git runs a hook, to the repository of the hook."""


def first_commit(root: Path, paths: Sequence[str]) -> str:
    """Commit files of a new repository, in the name of the user where git knows it; give the commit.

    Args:
        root: the folder, which is no repository yet.
        paths: relative to it.

    Raises:
        ClientError: git is missing, or refuses; what it made so far stays.
    """
    _git(root, "init", "--quiet", "--initial-branch=main")
    # Forced, for these belong in whatever the user's git ignores everywhere.
    _git(root, "add", "--force", "--", *paths)
    _git(root, *_author(root), "commit", "--quiet", "--message", "An ops repo with one service")
    return _git(root, "rev-parse", "HEAD")


def _author(root: Path) -> Sequence[str]:
    """Give the options that name an author: none where git knows one, so that it need not guess by the host's name."""
    known = _run(root, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
    return () if known.returncode == 0 else _NEUTRAL_AUTHOR


def _git(root: Path, *arguments: str) -> str:
    finished = _run(root, *arguments)
    if finished.returncode != 0:
        raise ClientError(
            ExitCode.REFUSED,
            "git_failed",
            f"git could not make the first commit in {root}, so nothing was left there. It said:",
            untrusted_evidence=finished.stderr,
        )
    return finished.stdout.strip()


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(root), *arguments],  # noqa: S607 (the user's own git, as on the command line)
            env={name: value for name, value in os.environ.items() if name not in _LEADING_ELSEWHERE},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except FileNotFoundError:
        raise ClientError(
            ExitCode.REFUSED, "git_missing", "git is not installed here, or not on PATH. Install it, then try again."
        ) from None
