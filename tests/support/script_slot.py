"""A slot for one command, beside it the fifos by which a script says that it is ready and is let go."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from released.adapters.commands.scripts import SHIM, Command
from support import doomed_daemon

PAUSED = "echo $$ > ready; read go < go; echo ran >> witness; echo done; exit 7"
"""A script that tells its pid, waits to be let go, leaves a trace and ends with 7."""


def furnish(folder: Path) -> Path:
    """Make the fifos ``ready`` and ``go``, and name a slot that nobody has used."""
    os.mkfifo(folder / "ready")
    os.mkfifo(folder / "go")
    return folder / "slots" / "1"


def shell(script: str, slot: Path, **limits: object) -> Command:
    """Make a command in the folder with the fifos ``ready`` and ``go``; no disk is flushed for it."""
    folder = slot.parent.parent
    argv = ("/bin/sh", "-c", f"cd {folder}\n{script}")
    return Command(argv, folder, dict(os.environ), durable_in=(), **limits)  # type: ignore[arg-type]


def output(slot: Path) -> str:
    """Read what the command printed."""
    return (slot / "output").read_text()


def started(slot: Path) -> dict[str, object]:
    """Read who the shim is."""
    record: dict[str, object] = json.loads((slot / "started.json").read_text())
    return record


def await_ready(slot: Path) -> int:
    """Wait until the script runs and give its pid."""
    return int((slot.parent.parent / "ready").read_text())


def let_go(slot: Path) -> None:
    """Let the paused script go on."""
    (slot.parent.parent / "go").write_text("go\n")


def witnesses(slot: Path) -> int:
    """Count how often a script came to its trace."""
    trace = slot.parent.parent / "witness"
    return len(trace.read_text().splitlines()) if trace.exists() else 0


def start_then_kill_the_daemon(slot: Path) -> int:
    """Have a daemon start the paused script, and kill -9 that daemon; give the pid of the script."""
    daemon = doomed_daemon.start(slot, shell(PAUSED, slot).argv)
    script = await_ready(slot)
    daemon.kill()
    daemon.wait()
    return script


def feed_a_shim(slot: Path, specification: bytes) -> int:
    """Run a shim directly, as one that was late; give its own exit status."""
    slot.mkdir(parents=True, exist_ok=True)
    return subprocess.run([*SHIM, str(slot)], input=specification, check=False).returncode


def specification(slot: Path, script: str, **limits: object) -> bytes:
    """Write down a script for a shim."""
    command = shell(script, slot)
    usual: dict[str, object] = {
        "timeout_s": None,
        "idle_s": None,
        "kill_grace_s": 5,
        "secrets": [],
        "durable_in": [],
        "output_cap_bytes": 1000,
    }
    return json.dumps({"argv": command.argv, "cwd": str(command.cwd), "env": {}, **usual, **limits}).encode()
