"""Who may read secrets, and who may talk to the daemon."""

from __future__ import annotations

import stat
from pathlib import Path

from released.domain.configuration import Listener
from released.domain.environments.checkup import Check, ok, private_folder, secret_file, socket_mode
from released.engine.checkup.subject import Subject


def state_dir(subject: Subject) -> Check:
    """Look at the folder of backups and output."""
    path = subject.world.state_dir
    return private_folder(str(path), _mode(path))


def dotenv(subject: Subject) -> Check:
    """Look at the file of variables and secrets."""
    path = subject.world.env_file
    if not path.exists():
        return ok("permissions", f"There is no {path}, so it gives nothing away.")
    return secret_file(str(path), _mode(path))


def socket(listener: Listener) -> Check:
    """Look at a socket of the daemon."""
    return socket_mode(str(listener.path), _mode(listener.path), listener.mode, listener.path.group())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
