"""Has an export served on a socket of our own for as long as it is asked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from releasectl.calls.backoff import pauses_s
from releasectl.errors import ClientError
from releasectl.exit_codes import ExitCode
from releasectl.text.sanitize import clean

_PROGRAM = "released"
_ERROR = "[ERROR] "


@contextmanager
def served(file: Path) -> Iterator[str]:
    """Serve an export; give the address.

    Raises:
        ClientError: it cannot be opened, or the program that reads it is not installed here.
    """
    with TemporaryDirectory(prefix="releasectl-open-") as room:
        socket, said = Path(room) / "released.sock", Path(room) / "said"
        program = _started(file, socket, said)
        try:
            _await(program, socket, said)
            yield f"unix://{socket}"
        finally:
            program.terminate()
            program.wait()


def _started(file: Path, socket: Path, said: Path) -> subprocess.Popen[bytes]:
    beside = Path(sys.executable).with_name(_PROGRAM)
    program = str(beside) if beside.exists() else _PROGRAM
    try:
        with said.open("wb") as log:
            return subprocess.Popen(
                [program, "open", os.path.abspath(file), "--listen", f"unix://{socket}"],  # noqa: PTH100 (no link is followed)
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
    except OSError:
        message = f"An export is read by the program {_PROGRAM}, which is not installed here: install the same package."
        raise ClientError(ExitCode.FAILED, "released_missing", message) from None


def _await(program: subprocess.Popen[bytes], socket: Path, said: Path) -> None:
    for pause_s in pauses_s():
        if socket.exists():
            return
        if program.poll() is not None:
            raise ClientError(ExitCode.FAILED, "export_not_opened", _complaint(said))
        time.sleep(pause_s)


def _complaint(said: Path) -> str:
    lines = clean(said.read_text(encoding="utf-8", errors="replace")).splitlines()
    told = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
    return "\n".join(told or lines[-1:] or ["The file was not opened."])
