"""What a git that was killed leaves behind: processes that still run, and lock files that nobody will remove."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from released.adapters.durability import sync_folder
from released.adapters.git.processes import git_processes_in, wait_until_gone
from released.adapters.git.settlement import checkout_in_doubt

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from released.adapters.git.command import GitCommand

_SURVIVORS_S = 300.0
_STRANGERS_S = 10.0


def wait_for_survivors(command: GitCommand, timeout_s: float = _SURVIVORS_S) -> None:
    """Wait for git processes that a daemon of ours started in this checkout and did not live to see end.

    Raises:
        StepFailed: one still runs after ``timeout_s`` (``checkout_in_doubt``).
    """
    left = _left_after(command.checkout, timeout_s, only_ours=True)
    if left:
        raise checkout_in_doubt(command, f"a git process of ours still runs after {timeout_s:g} seconds: pid {left[0]}")


def remove_stale_locks(command: GitCommand, names: Iterable[str], timeout_s: float = _STRANGERS_S) -> None:
    """Remove the lock files of ``names`` (refs, ``index``) that a killed git left, once no git works in the checkout.

    Raises:
        StepFailed: a git process holds on for ``timeout_s``, or a lock belongs to another user (``checkout_in_doubt``).
    """
    locks = [lock for name in names if os.path.lexists(lock := command.path_of(f"{name}.lock"))]
    if not locks:
        return
    left = _left_after(command.checkout, timeout_s, only_ours=False)
    if left:
        raise checkout_in_doubt(command, f"{locks[0]} is there and git works in the checkout: pid {left[0]}")
    for lock in locks:
        _remove(command, lock)


def _left_after(checkout: Path, timeout_s: float, *, only_ours: bool) -> list[int]:
    deadline = time.monotonic() + timeout_s
    seen = [found for found in git_processes_in(checkout) if found.ours or not only_ours]
    return [found.pid for found in seen if not wait_until_gone(found, deadline)]


def _remove(command: GitCommand, lock: Path) -> None:
    # One that is gone by now was not stale.
    with suppress(FileNotFoundError):
        if lock.lstat().st_uid != os.geteuid():
            raise checkout_in_doubt(command, f"{lock} was left by another user")
        lock.unlink()
        sync_folder(lock.parent)
