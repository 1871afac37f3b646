"""Free space where a release writes."""

from __future__ import annotations

import os
from pathlib import Path

from released.domain.environments.checkup import Check, space, warning
from released.engine.checkup.subject import Subject


def state_dir(subject: Subject) -> Check:
    """Look where backups and the output of steps go."""
    return _space("backups and output", subject.world.state_dir)


def store(subject: Subject) -> Check:
    """Look where the record is."""
    return _space("the record", subject.store_path.parent)


def engine_data(subject: Subject) -> Check:
    """Look where the engine keeps images and volumes; only root may look into some of these folders."""
    root = subject.world.engine.data_root()
    try:
        return _space("images and volumes", root)
    except (FileNotFoundError, PermissionError) as error:
        finding = f"{root}, where the engine keeps its data, cannot be looked at from here: {error.strerror}."
        return warning("disk", finding, f"df -h {root}")


def _space(place: str, path: Path) -> Check:
    found = os.statvfs(path)
    return space(place, str(path), found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
