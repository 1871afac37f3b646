"""A daemon over an export: it shows what is in the file, on a socket of its caller's, and knows nothing else."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from tempfile import TemporaryDirectory

from released.domain.configuration import Configuration, parse_configuration
from released.domain.forensics.manifest import Manifest
from released.engine.exported import unpack
from released.read_only_daemon import ReadOnlyDaemon
from released.store.errors import ReadOnly
from released.store.exported_copy import exported_copy


async def serve(file: Path, address: str) -> None:
    """Serve an export until told to stop; what was unpacked is gone then.

    Raises:
        InvalidInput: it is no export, or was changed (``export_invalid``).
        OSError: it cannot be read or unpacked.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    with TemporaryDirectory(prefix="released-open-") as room:
        state = Path(room)
        told = await asyncio.to_thread(unpack, file, state)
        daemon = await asyncio.to_thread(ReadOnlyDaemon, _configuration(told, state, address), _reason(file, told))
        await daemon.serve(stopped)


def _reason(file: Path, told: Manifest) -> ReadOnly:
    return exported_copy(file.name, told.environment, told.made_at, told.made_by)


def _configuration(told: Manifest, state: Path, address: str) -> Configuration:
    """Make one of the file alone; the checkout is an empty folder, for there is none."""
    checkout = state / "checkout"
    checkout.mkdir()
    document = {
        "store": {"url": f"sqlite:///{state}/released.db"},
        "listen": [address],
        "environments": {told.environment: {"repo": str(checkout)}},
    }
    return parse_configuration(json.dumps(document), "the configuration of an export")
