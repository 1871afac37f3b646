"""A place where a shell command can read this host and change nothing: bubblewrap, as a rule without network.

The whole file system is read-only, temporary folders and those of the daemon are empty, no process of the host is
seen, and no capability is left. The command ends with its time, with too much output, and with the daemon.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from released.domain.errors import Refused

TIMEOUT_S = 15.0
OUTPUT_BYTES = 256 * 1024
_TMP_BYTES = 16 * 2**20
_CHUNK = 65536
_EMPTY = tuple(map(Path, ("/tmp", "/var/tmp", "/run", "/root", "/home")))  # noqa: S108 (emptied, not written to)


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    exit_code: int | None
    """As a shell shows it; ``None`` where it was ended before its end."""
    output: str
    """What it printed on both streams; whole lines where it was too much."""
    ended_for: str = ""
    """Why it was ended, as words that go on a sentence."""


@dataclass(frozen=True)
class Sandbox:
    """Runs commands in a checkout.

    Args:
        cwd: the checkout.
        hidden: files and folders that are not to be seen.
        engine: a socket that stands in for the Docker engine, or ``None``.
    """

    cwd: Path
    hidden: tuple[Path, ...] = ()
    engine: Path | None = None

    def run(self, command: str, *, network: bool = False, timeout_s: float = TIMEOUT_S) -> Ran:
        """Run a shell command.

        Raises:
            Refused: ``sandbox_missing``.
        """
        argv = [_bubblewrap(), *self._options(network=network), "--", "bash", "-c", command]
        with _started(argv) as process:
            return _watched(process, time.monotonic() + timeout_s, timeout_s)

    def _options(self, *, network: bool) -> Iterator[str]:
        yield from ("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
        if network:
            yield "--share-net"
        yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
        for path, how in sorted(
            self._mounts().items(), key=lambda mount: len(mount[0].parts)
        ):  # what is inside comes later
            yield from (*how, str(path))
        yield from ("--chdir", str(self.cwd), "--clearenv")
        for name, value in self._environment().items():
            yield from ("--setenv", name, value)

    def _mounts(self) -> Mapping[Path, tuple[str, ...]]:
        empty = ("--size", str(_TMP_BYTES), "--tmpfs")
        mounts: dict[Path, tuple[str, ...]] = {
            path: empty for path in _EMPTY if path.is_dir() and not path.is_symlink()
        }
        mounts |= {
            path.resolve(): empty if path.is_dir() else ("--ro-bind", "/dev/null")
            for path in self.hidden
            if path.exists()
        }
        mounts[self.cwd.resolve()] = ("--ro-bind", str(self.cwd))
        if self.engine is not None:
            mounts[_ENGINE] = ("--ro-bind", str(self.engine))
        return mounts

    def _environment(self) -> dict[str, str]:
        variables = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/tmp",  # noqa: S108 (an empty one)
            "LC_ALL": "C.UTF-8",
            "GIT_OPTIONAL_LOCKS": "0",
            # The owner of the checkout may be another user; nothing that its configuration names can do harm here.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        return variables if self.engine is None else {**variables, "DOCKER_HOST": f"unix://{_ENGINE}"}


_ENGINE = Path("/run/engine.sock")


def _bubblewrap() -> str:
    found = shutil.which("bwrap")
    if found is None:
        raise Refused(
            "sandbox_missing",
            "Detection commands run in a sandbox that lets them change nothing, and this host has none. "
            "Install bubblewrap (apt install bubblewrap), then try again.",
        )
    return found


@contextmanager
def _started(argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()  # its namespace ends with it, and everything inside
        process.communicate()


def _watched(process: subprocess.Popen[bytes], deadline: float, timeout_s: float) -> Ran:
    """Read until the command ends, prints too much or takes too long."""
    printed = bytearray()
    assert process.stdout is not None  # noqa: S101 (for the type checker: it was opened as a pipe)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left_s := deadline - time.monotonic()) > 0 and selector.select(left_s):
            data = os.read(process.stdout.fileno(), _CHUNK)
            printed += data
            if not data:
                return Ran(process.wait(), printed.decode(errors="replace"))
            if len(printed) > OUTPUT_BYTES:
                return Ran(None, _whole_lines(printed), f"it printed more than {OUTPUT_BYTES} bytes")
    return Ran(None, _whole_lines(printed), f"it took longer than {timeout_s:g} s")


def _whole_lines(printed: bytearray) -> str:
    """Leave out a line that was cut: half of a secret is not known for one."""
    return bytes(printed).rpartition(b"\n")[0].decode(errors="replace")
