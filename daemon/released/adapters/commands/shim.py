"""A small process between the daemon and a command, so that the command outlives the daemon.

Started as ``python -I -S shim.py SLOT`` with its specification as one JSON document on stdin. It imports nothing of
this project, so that it starts fast and an upgrade of the daemon never touches one that runs. In its slot it leaves

* ``started.json``, made exclusively *before* the command starts: pid, start time and boot id of the shim;
* ``output``, what the command printed, secrets masked, at most the cap;
* ``output.index``, JSON lines ``{"offset", "line", "at"}``: where a chunk begins and when it came;
* ``result.json``, made durable after the output: exit status, end, what stopped it, size and SHA-256 of the output.

A process that the command leaves in the background is not waited for; its output is read for one more second.

A limit that is passed, or the signal ``STOP`` from the daemon, ends the command with everything below it: TERM, and
KILL after the grace, until nobody is left. The shim is the parent of every orphan below it (prctl(2), subreaper), so
neither a session of its own nor a double fork takes a process out of its sight.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time

NO_SPECIFICATION, SLOT_TAKEN = 65, 75
"""Exit statuses of a shim that ran nothing: no whole specification (EX_DATAERR), slot not free (EX_TEMPFAIL)."""
STOP = signal.SIGUSR1
"""Sent to the shim, it ends the command and everything below it; sent again, it changes nothing."""

TYPE_CHECKING = False  # the real one costs the import of typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Record = dict[str, Any]
    Process = tuple[int, str]  # pid and start time: together they mean one process only

_CANNOT_RUN, _NOT_FOUND = 126, 127
_CHUNK = 65536
_DRAIN_S = 1.0
_AGAIN_S = 0.1
"""How soon those are looked for that a round of KILL missed, when the round found nobody new."""
_ABANDON_S = 5.0
"""How long after the first KILL those are waited for that it does not reach: another user's, or stuck in the kernel."""
_INDEX_EVERY_S = 0.05
_RETRY_S = 1.0
_MIB = 2**20
_PR_SET_CHILD_SUBREAPER = 36
_NEVER = float("inf")


def main() -> int:
    """Claim the slot, run the command, leave the result; the shim's own exit status says nothing of the command's."""
    slot = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
    _outlive_the_daemon()
    bell = Bell()
    spec = _specification()
    if spec is None:
        return NO_SPECIFICATION
    if not claim(slot, _identity()):
        return SLOT_TAKEN
    _leave_result(slot, _run(spec, slot, bell))
    return 0


def _specification() -> Record | None:
    """Read what to run; cut short by the daemon's death it is no JSON, and nothing is run."""
    try:
        return json.load(sys.stdin)  # type: ignore[no-any-return]
    except ValueError as error:
        _complain(f"the specification on stdin is not whole ({error}); nothing was run")
        return None


def _outlive_the_daemon() -> None:
    """Shrug off the signals that end a daemon or a terminal; a handler, unlike SIG_IGN, does not reach the command."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, lambda *_: None)


def _identity() -> Record:
    start_time = int(_text("/proc/self/stat").rpartition(")")[2].split()[19])
    return {"pid": os.getpid(), "start_time": start_time, "boot_id": _text("/proc/sys/kernel/random/boot_id").strip()}


def _text(path: str) -> str:
    with os.fdopen(os.open(path, os.O_RDONLY), encoding="utf-8", errors="replace") as file:
        return file.read()


# --- durable records; a slot is the descriptor of its folder -------------------------------------------------------


def claim(slot: int, record: Record) -> bool:
    """Make ``started.json`` with this record unless it exists; it is durable when this returns.

    Returns:
        False when somebody else had the slot first.
    """
    temporary = f".started.{os.getpid()}.{time.monotonic_ns()}"
    try:
        _write(slot, temporary, record)
        os.link(temporary, "started.json", src_dir_fd=slot, dst_dir_fd=slot)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary, dir_fd=slot)
        os.fsync(slot)
    return True


def _leave_result(slot: int, result: Record) -> None:
    """Write ``result.json``; a full disk is waited for, because a lost result leaves the release in doubt."""
    while True:
        try:
            _write(slot, ".result", result)
            os.rename(".result", "result.json", src_dir_fd=slot, dst_dir_fd=slot)
            return os.fsync(slot)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            _complain(f"cannot write the result: {error.strerror}; trying again")
            time.sleep(_RETRY_S)


def _write(slot: int, name: str, record: Record) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=slot)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(descriptor)


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):  # the log is on the same disk, and as full
        os.write(2, f"released shim: {text}\n".encode(errors="replace"))


def _now() -> str:
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"


# --- output -------------------------------------------------------------------------------------------------------


class Masker:
    """Replaces secrets in a stream of bytes by ``***``, leftmost first, at one place the longest.

    Only bytes that can be the beginning of a secret are held back, so that a prompt is seen at once.
    """

    def __init__(self, secrets: list[bytes]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets)) or rb"(?!)")
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take what came and give what may be shown by now."""
        return self._advance(self._held + data, at_end=False)

    def rest(self) -> bytes:
        """Give what was held back, at the end of the stream."""
        return self._advance(self._held, at_end=True)

    def _advance(self, data: bytes, *, at_end: bool) -> bytes:
        shown, position = [], 0
        limit = len(data) if at_end else self._undecided_from(data, 0)
        for secret in self._pattern.finditer(data):
            if secret.start() >= limit:
                break
            shown += [data[position : secret.start()], b"***"]
            position = secret.end()
            if position > limit:
                limit = self._undecided_from(data, position)
        self._held = data[limit:]
        return b"".join([*shown, data[position:limit]])

    def _undecided_from(self, data: bytes, position: int) -> int:
        """Find where the end of the data may be the beginning of a secret."""
        longest = len(self._secrets[0]) if self._secrets else 1
        for start in range(max(position, len(data) - longest + 1), len(data)):
            if any(secret.startswith(data[start:]) for secret in self._secrets):
                return start
        return len(data)


class Output:
    """The files ``output`` and ``output.index``: append-only, capped with a visible line."""

    def __init__(self, slot: int, cap_bytes: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open("output", flags, 0o600, dir_fd=slot)
        self._index = os.open("output.index", flags, 0o600, dir_fd=slot)
        self._hash = hashlib.sha256()
        self._cap, self._size, self._line = cap_bytes, 0, 0
        self._ends_line, self.is_cut = True, False
        self._indexed, self._indexed_at = 0, -_NEVER

    def append(self, data: bytes) -> None:
        """Keep what the cap allows; a disk that refuses cuts the output too, but never stops the command."""
        if self.is_cut or not data:
            return
        room = self._cap - self._size
        self.is_cut = len(data) > room
        try:
            self._keep(data[:room])
            if self.is_cut:
                self._keep(self._cut_notice())
        except OSError as error:
            self.is_cut = True
            _complain(f"cannot write the output: {error.strerror}; the rest of it is not kept")

    def close(self) -> tuple[int, str]:
        """Make the output durable and give its size in bytes and its SHA-256."""
        for descriptor in (self._file, self._index):
            os.fsync(descriptor)
            os.close(descriptor)
        return self._size, self._hash.hexdigest()

    def _cut_notice(self) -> bytes:
        size = f"{self._cap // _MIB} MiB" if self._cap % _MIB == 0 else f"{self._cap} bytes"
        return (b"" if self._ends_line else b"\n") + f"[released: output cut at {size}]\n".encode()

    def _keep(self, data: bytes) -> None:
        offset, line = self._size, self._line
        while data:
            written = data[: os.write(self._file, data)]
            data = data[len(written) :]
            self._hash.update(written)
            self._size += len(written)
            self._line += written.count(b"\n")
            self._ends_line = written.endswith(b"\n")
        self._note(offset, line)

    def _note(self, offset: int, line: int) -> None:
        """Index a chunk, unless it is small and the last entry is fresh, so that the index stays small."""
        now = time.monotonic()
        if self._size == offset or (offset < self._indexed + _CHUNK and now < self._indexed_at + _INDEX_EVERY_S):
            return
        self._indexed, self._indexed_at = offset, now
        entry = json.dumps({"offset": offset, "line": line, "at": _now()})
        os.write(self._index, f"{entry}\n".encode())


# --- the command --------------------------------------------------------------------------------------------------


class Bell:
    """Rings when a child has died or the daemon wants the command stopped; one that is waited for with poll(2).

    A signal that came just before the wait would be lost without it.
    """

    def __init__(self) -> None:
        self.stop_is_asked = False
        self.descriptor, self._clapper = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._clapper, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(STOP, self._ask)

    def silence(self) -> None:
        """Be ready to ring again."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.descriptor, _CHUNK)

    def _ask(self, *_: object) -> None:
        self.stop_is_asked = True


def _run(spec: Record, slot: int, bell: Bell) -> Record:
    """Run the command to its end and give the result; its exit status is that of a shell: 128 + signal."""
    output = Output(slot, spec["output_cap_bytes"])
    masker = Masker([secret.encode(errors="surrogateescape") for secret in spec["secrets"]])
    _adopt_orphans()
    rc, stopped_by = _follow(spec, bell, lambda data: output.append(masker.feed(data)))
    output.append(masker.rest())
    size, sha256 = output.close()
    return {"rc": rc, "ended": _now(), "stopped_by": stopped_by, "output_bytes": size, "output_sha256": sha256}


def _adopt_orphans() -> None:
    """Become the parent of every process below whose own one dies."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _follow(spec: Record, bell: Bell, show: Callable[[bytes], None]) -> tuple[int | None, str]:
    """Run the command and read what it prints until it is over; give its exit status and what stopped it, if anything.

    A command that cannot be run ends as it does in a shell, and its output says why.
    """
    try:
        watch = Watch(_launch(spec), spec, bell)
    except (OSError, ValueError) as error:
        show(_why_not_run(spec, error))
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _CANNOT_RUN, ""
    for data in watch.chunks():
        show(data)
    return watch.rc, watch.stopped_by


def _launch(spec: Record) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        spec["argv"],
        cwd=spec["cwd"],
        env=spec["env"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _why_not_run(spec: Record, error: OSError | ValueError) -> bytes:
    reason = getattr(error, "strerror", None) or str(error)
    text = f"[released: cannot run {spec['argv'][0]} in {spec['cwd']}: {reason}"
    hint = (
        " (the program, the interpreter in its first line, or the folder)"
        if error.__class__ is FileNotFoundError
        else ""
    )
    return f"{text}{hint}]\n".encode(errors="surrogateescape")


class Watch:
    """Watches over a command, and ends it with everything below it when a limit is passed or the daemon asks for it."""

    def __init__(self, child: subprocess.Popen[bytes], spec: Record, bell: Bell) -> None:
        assert child.stdout is not None  # noqa: S101 (for the type checker: it was opened as a pipe)
        self.rc: int | None = None
        """The command's exit status once it is over."""
        self.stopped_by = ""
        """``kill``, ``timeout`` or ``idle`` where the command was ended, else empty."""
        self._child, self._bell, self._pipe = child, bell, child.stdout.fileno()
        self._poll = select.poll()
        for descriptor in (self._pipe, bell.descriptor):
            self._poll.register(descriptor, select.POLLIN)
        self._at_end = self._is_alone = False
        self._seen: set[Process] = set()
        self._idle_s, self._grace_s = spec["idle_s"] or _NEVER, spec["kill_grace_s"]
        now = time.monotonic()
        self._timeout_at, self._idle_at = now + (spec["timeout_s"] or _NEVER), now + self._idle_s
        self._kill_at = self._give_up_at = _NEVER

    def chunks(self) -> Iterator[bytes]:
        """Give what the command prints; at its end, what others still print into its pipe for a moment."""
        self._enforce(time.monotonic())  # it may have been asked for before there was anything to stop
        while not self._is_over():
            for descriptor, _ in self._poll.poll(self._patience_ms()):
                if descriptor == self._pipe:
                    yield self._read()
                else:
                    self._bell.silence()
            self._reap()
            self._enforce(time.monotonic())
        if self.stopped_by and not self._is_alone:
            yield _who_is_left()

    def _is_over(self) -> bool:
        is_read = self._has_ended() and self._at_end
        return self.rc is not None and (is_read or time.monotonic() >= self._give_up_at)

    def _has_ended(self) -> bool:
        """Tell whether nobody is left of whom the end is waited for: of a command that is stopped, everybody's."""
        return self.rc is not None and (self._is_alone or not self.stopped_by)

    def _patience_ms(self) -> float | None:
        deadline = min(self._limit_at(), self._kill_at, self._give_up_at)
        return None if deadline == _NEVER else max(0.0, deadline - time.monotonic()) * 1000

    def _limit_at(self) -> float:
        return _NEVER if self.stopped_by or self.rc is not None else min(self._timeout_at, self._idle_at)

    def _read(self) -> bytes:
        data = os.read(self._pipe, _CHUNK)
        self._idle_at = time.monotonic() + self._idle_s
        if not data:
            self._at_end = True
            self._poll.unregister(self._pipe)
        return data

    def _reap(self) -> None:
        """Bury the dead; without a child left, nobody lives below: every orphan there would be our child."""
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = found
                if pid == self._child.pid and self.rc is None:
                    self._child.returncode = os.waitstatus_to_exitcode(status)
                    self.rc = _as_a_shell_says(self._child.returncode)
            return
        self._is_alone = True

    def _enforce(self, now: float) -> None:
        reason = self._reason_to_stop(now)
        if reason:
            self.stopped_by, self._kill_at = reason, now + self._grace_s
            self._signal_all(signal.SIGTERM)
        if now >= self._kill_at:
            self._give_up_at = min(self._give_up_at, now + _ABANDON_S)
            self._kill_at = now if self._signal_all(signal.SIGKILL) else now + _AGAIN_S
        if self._has_ended():
            self._kill_at, self._give_up_at = _NEVER, min(self._give_up_at, now + _DRAIN_S)

    def _reason_to_stop(self, now: float) -> str:
        if self.stopped_by or self.rc is not None:
            return ""
        if self._bell.stop_is_asked:
            return "kill"
        if now >= self._timeout_at:
            return "timeout"
        return "idle" if now >= self._idle_at else ""

    def _signal_all(self, number: int) -> bool:
        """Signal everybody below; true where somebody is among them who was not there before."""
        found: set[Process] = set()
        for process in (process for process in _processes_below() if process not in found):
            _signal(process, number)
            found.add(process)
        is_more = not found <= self._seen
        self._seen |= found
        return is_more


def _as_a_shell_says(rc: int) -> int:
    return rc if rc >= 0 else 128 - rc


# --- processes ----------------------------------------------------------------------------------------------------


def _processes_below() -> Iterator[Process]:
    """Find who descends from us, whatever its session and group; one that is born meanwhile may be missed.

    Some come twice: our own children come first, since one that forks and ends at once lives only for a moment.
    """
    yield from _own_children()
    children: dict[int, list[tuple[str, Process]]] = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):  # noqa: PTH208 (pathlib costs the start its import)
        with contextlib.suppress(OSError):  # it is over
            state, parent, start_time = _stat(pid)
            children.setdefault(parent, []).append((state, (pid, start_time)))
    family = [os.getpid()]
    for member in family:
        for state, process in children.get(member, ()):
            family.append(process[0])
            if state not in "ZX":
                yield process


def _own_children() -> Iterator[Process]:
    """Ask the kernel for our children; one that keeps no such list leaves them to the search through all processes."""
    with contextlib.suppress(OSError):
        for pid in map(int, _text("/proc/thread-self/children").split()):
            with contextlib.suppress(OSError):
                yield pid, _stat(pid)[2]


def _stat(pid: int) -> tuple[str, int, str]:
    """Read a process's state, parent and start time."""
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[0], int(fields[1]), fields[19]


def _signal(process: Process, number: int) -> None:
    """Signal this very process: its pid may be another one's by now, but what the descriptor means stays."""
    pid, start_time = process
    with contextlib.suppress(OSError):  # it is over, or another user's; who is left at the end is told then
        descriptor = os.pidfd_open(pid)
        try:
            if _stat(pid)[2] == start_time:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def _who_is_left() -> bytes:
    names = ", ".join(f"{pid} ({_name(pid)})" for pid, _ in sorted({*_processes_below()}))
    return f"\n[released: these processes could not be ended: {names}]\n".encode(errors="replace")


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return _text(f"/proc/{pid}/comm").strip()
    return "ended"


if __name__ == "__main__":
    sys.exit(main())
