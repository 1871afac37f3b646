"""A process that runs one command as the daemon does, made to be killed.

As a program: reads ``{"slot", "argv", "cwd", "die_at"}`` from stdin and runs the command; kills itself where told to.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path


def start(slot: Path, argv: tuple[str, ...], die_at: str = "") -> subprocess.Popen[bytes]:
    """Start it; the command is given to it and may or may not have started when this returns."""
    order = {"slot": str(slot), "argv": argv, "cwd": str(slot.parent), "die_at": die_at}
    daemon = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, start_new_session=True)
    assert daemon.stdin is not None
    with daemon.stdin as stdin:
        stdin.write(json.dumps(order).encode())
    return daemon


def _main() -> None:
    from released.adapters.commands.scripts import Command, Scripts  # noqa: PLC0415 (only the started program needs it)

    order = json.load(sys.stdin)

    def die(point: str) -> None:
        if point == order["die_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    command = Command(tuple(order["argv"]), Path(order["cwd"]), dict(os.environ), durable_in=())
    Scripts(on_fault=die).run(Path(order["slot"]), command)


if __name__ == "__main__":
    _main()
