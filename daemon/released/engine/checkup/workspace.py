"""What must never be committed is ignored by git."""

from __future__ import annotations

from released.domain.environments.checkup import Check, failed, ok
from released.engine.checkup.subject import Subject


def derived_files(subject: Subject) -> Check:
    """Look at the files that releases derive: untracked ones would make the checkout dirty."""
    return _ignored(subject, f"{subject.world.settings.workspace}/")


def dotenv(subject: Subject) -> Check:
    """Look at the file of secrets."""
    return _ignored(subject, ".env")


def _ignored(subject: Subject, path: str) -> Check:
    if subject.world.git.ignores(path):
        return ok("workspace", f"git ignores {path}.")
    finding = f"git does not ignore {path} in {subject.world.root}: it makes the checkout dirty, or was committed."
    return failed(
        "workspace", finding, f"Add {path} to .gitignore, and take it out of the index: git rm --cached {path}"
    )
