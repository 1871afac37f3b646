"""Real git repositories as a team has them: a bare origin, production's checkout, a developer's clone."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_EMPTY = {"README.md": "# ops\n", ".gitignore": ".env\n.asd/\n"}


@dataclass(frozen=True)
class OpsRepo:
    """``origin`` is bare, ``checkout`` is production's clone of it, ``developer`` is where commits are made."""

    origin: Path
    checkout: Path
    developer: Path

    @classmethod
    def create(cls, folder: Path, files: Mapping[str, str | None] | None = None) -> OpsRepo:
        """Make the three repositories in ``folder``; their first commit on ``main`` holds ``files``."""
        repo = cls(folder / "origin.git", folder / "checkout", folder / "developer")
        folder.mkdir(parents=True, exist_ok=True)
        repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(repo.origin), cwd=folder)
        repo.git("clone", "--quiet", str(repo.origin), str(repo.developer), cwd=folder)
        repo.git("switch", "--quiet", "--orphan", "main", cwd=repo.developer)
        repo.commit(_EMPTY | dict(files or {}), "The ops repo")
        repo.git("clone", "--quiet", str(repo.origin), str(repo.checkout), cwd=folder)
        return repo

    def commit(self, files: Mapping[str, str | None], message: str) -> str:
        """Commit ``files`` (path to content, ``None`` deletes) on the developer's ``main``, push, return the commit."""
        self._write_and_commit(files, message)
        self.git("push", "--quiet", "origin", "main", cwd=self.developer)
        return self.head(self.developer)

    def merge_pull_request(self, branch: str, files: Mapping[str, str | None], message: str) -> str:
        """Merge ``files`` as a pull request (a merge commit on ``main``), push, return the merge commit."""
        self.git("switch", "--quiet", "--create", branch, cwd=self.developer)
        self._write_and_commit(files, message)
        self.git("switch", "--quiet", "main", cwd=self.developer)
        self.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}: {message}", branch, cwd=self.developer)
        self.git("push", "--quiet", "origin", "main", branch, cwd=self.developer)
        return self.head(self.developer)

    def head(self, cwd: Path | None = None) -> str:
        """Return the commit that HEAD stands at, in the checkout unless told otherwise."""
        return self.git("rev-parse", "HEAD", cwd=cwd or self.checkout)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git as a person does, in the checkout unless told otherwise; return its output.

        Raises:
            AssertionError: git failed; the message holds its complaint.
        """
        finished = subprocess.run(
            ["git", *arguments],  # noqa: S607 (tests use the git that is found on the path)
            cwd=cwd or self.checkout,
            env=as_a_developer(),
            capture_output=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr.decode(errors="replace")
        return finished.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def _write_and_commit(self, files: Mapping[str, str | None], message: str) -> None:
        for path, content in files.items():
            _write(self.developer / path, content)
        self.git("add", "--all", "--force", cwd=self.developer)
        self.git("commit", "--quiet", "--allow-empty", "-m", message, cwd=self.developer)


def _write(path: Path, content: str | None) -> None:
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(0o755 if content.startswith("#!") else 0o644)


def as_a_developer() -> dict[str, str]:
    """Give the environment variables of a person whom git knows, and whose own settings change nothing."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Dana Developer"), ("EMAIL", "dana@example.org"))
    }
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return inherited | who | isolated
