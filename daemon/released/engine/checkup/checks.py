"""All checks of an environment, in the order in which they are shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from released.domain.environments.checkup import Check, failed
from released.domain.errors import ReleasedError
from released.engine.checkup import clock, disk, docker, images, permissions, record, repository, webhook, workspace
from released.engine.checkup.subject import Subject

logger = logging.getLogger(__name__)

_Look = Callable[[], Check]


def examine(subject: Subject) -> list[Check]:
    """Look at everything; what cannot be looked at has failed."""
    return [_guarded(subject, name, look) for name, looks in _checks(subject).items() for look in looks]


def _checks(subject: Subject) -> dict[str, Sequence[_Look]]:
    def of(*functions: Callable[[Subject], Check]) -> list[_Look]:
        return [partial(function, subject) for function in functions]

    sockets: list[_Look] = [partial(permissions.socket, listener) for listener in subject.listeners]
    return {
        "repository": of(repository.checkout, repository.on_record, repository.owner, repository.remote),
        "engine": of(docker.engine),
        "compose": of(docker.compose),
        "images": of(images.bases),
        "disk": of(disk.state_dir, disk.store, disk.engine_data),
        "clock": of(clock.record, clock.engine),
        "permissions": [*of(permissions.state_dir), *sockets, *of(permissions.dotenv)],
        "store": of(record.integrity, record.settings),
        "workspace": of(workspace.derived_files, workspace.dotenv),
        "webhook": [partial(webhook.receiver, subject.courier)] if subject.courier else [],
    }


def _guarded(subject: Subject, name: str, look: _Look) -> Check:
    try:
        return look()
    except ReleasedError as error:
        fix = " ".join(error.next_commands[0].argv) if error.next_commands else ""
        return failed(name, subject.world.mask(error.message), fix)
    except OSError as error:
        return failed(name, f"{error.filename} cannot be looked at: {error.strerror}.")
    except Exception as error:
        logger.exception("a check could not be made")
        return failed(name, f"The check met an unexpected {type(error).__name__}; the daemon's log says where.")
