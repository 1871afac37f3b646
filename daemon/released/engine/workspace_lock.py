"""The flock on ``<workspace>/releases/.lock`` that keeps other tools out while a release runs (spec: Files)."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from released.domain.errors import Refused
from released.phases.world import World


def lock_file(world: World) -> Path:
    """Name the file that is locked."""
    return world.root / world.settings.workspace / "releases" / ".lock"


def refuse_if_taken(world: World) -> None:
    """Refuse to begin while another tool holds the lock; a file that is not there nobody holds, and none is made.

    Raises:
        Refused: see ``held``.
    """
    _refuse_missing(world)
    if lock_file(world).exists():
        refuse_if_unusable(world)


def refuse_if_unusable(world: World) -> None:
    """Refuse to accept what is to hold the lock, where that cannot be had.

    Raises:
        Refused: see ``held``.
    """
    with held(world):
        pass


@contextmanager
def held(world: World) -> Iterator[None]:
    """Hold the lock; it is freed by leaving, and by death, and no child inherits it.

    Raises:
        Refused: ``workspace_locked``: another tool holds it; ``checkout_missing``: there is nothing to lock;
            ``workspace_unusable``: the file cannot be made.
    """
    file = lock_file(world)
    _refuse_missing(world)  # else the folders of the lock would be made where the checkout belongs
    with _opened(file) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another tool holds the lock {file}. Let it end (fuser {file} names it), then try again."
            raise Refused("workspace_locked", message) from None
        yield


def _refuse_missing(world: World) -> None:
    if not world.root.is_dir():
        message = f"The checkout {world.root} is not there. Mount it, or clone the ops repo to it, then try again."
        raise Refused("checkout_missing", message)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        message = f"{path} cannot be made, so the workspace cannot be used: {error.strerror} ({error.filename})."
        raise Refused("workspace_unusable", message) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)
