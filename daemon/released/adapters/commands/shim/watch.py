"""Watches over a command until it is over, and ends it with everything below it before its time where it must."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

from released.adapters.commands.shim import cgroup, descendants

TYPE_CHECKING = False  # the real one costs the import of typing
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from released.adapters.commands.shim.bell import Bell
    from released.adapters.commands.shim.descendants import Process
    from released.adapters.commands.shim.records import Record

_CHUNK = 65536
_DRAIN_S = 1.0
_AGAIN_S = 0.1
"""How soon those are looked for that a round of KILL missed, when the round found nobody new."""
_ABANDON_S = 5.0
"""How long after the first KILL those are waited for that it does not reach: another user's, or stuck in the kernel."""
_ASLEEP_S = 5.0
"""Who wakes so late was not running, nor was the command: the machine was paused, or we were stopped."""
_NEVER = float("inf")


class Watch:
    """Watches over a command, and ends it with everything below it when a limit is passed or the daemon asks for it."""

    def __init__(self, child: subprocess.Popen[bytes], spec: Record, bell: Bell, group: str) -> None:
        assert child.stdout is not None  # noqa: S101 (for the type checker: it was opened as a pipe)
        self.rc: int | None = None
        """The command's exit status once it is over."""
        self.stopped_by = ""
        """``kill``, ``timeout`` or ``idle`` where the command was ended, else empty."""
        self._group = group
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
            cgroup.kill(self._group)
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
        if now - self._idle_at > _ASLEEP_S:
            self._idle_at = now + self._idle_s  # we did not listen: whether it was silent, nobody knows
        return "idle" if now >= self._idle_at else ""

    def _signal_all(self, number: int) -> bool:
        """Signal everybody below; true where somebody is among them who was not there before."""
        found: set[Process] = set()
        for process in (one for one in descendants.living() if one not in found):
            descendants.send(process, number)
            found.add(process)
        is_more = not found <= self._seen
        self._seen |= found
        return is_more


def _as_a_shell_says(rc: int) -> int:
    return rc if rc >= 0 else 128 - rc


def _who_is_left() -> bytes:
    names = ", ".join(f"{pid} ({descendants.name_of(pid)})" for pid, _ in sorted({*descendants.living()}))
    return f"\n[released: these processes could not be ended: {names}]\n".encode(errors="replace")
