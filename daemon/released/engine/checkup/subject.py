"""What is examined: an environment, and the places that the daemon has of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from released.domain.configuration import Listener
from released.engine.courier import Courier
from released.engine.instruments import utc_now
from released.phases.world import World
from released.store.event_store import EventStore


@dataclass(frozen=True)
class Subject:
    """Handed to every check."""

    world: World
    store: EventStore
    store_path: Path
    listeners: tuple[Listener, ...]
    courier: Courier | None = None
    """Of the webhook, where one is configured."""
    now: Callable[[], dt.datetime] = field(default=utc_now)
