"""A small process between the daemon and a command, so that the command outlives the daemon.

Started as ``python -I -S program.py SLOT`` with its specification as one JSON document on stdin. It imports this folder
and nothing else of ours, and all of it at its start, so that it starts fast and an upgrade of the daemon never touches
one that runs. In its slot it leaves

* ``started.json``, made exclusively *before* the command starts: pid, start time and boot id of the shim, and the
  control group of the command, where it has one;
* ``output``, what the command printed, secrets masked, at most the cap;
* ``output.index``, JSON lines ``{"offset", "line", "at"}``: where a chunk begins and when it came;
* ``result.json``, made durable after what the command did and its output: exit status, end, what stopped it, size and
  SHA-256 of the output.

A process that the command leaves in the background is not waited for; its output is read for one more second.

A limit that is passed, or the signal ``STOP`` from the daemon, ends the command with everything below it: TERM, and
KILL after the grace, until nobody is left. The shim is the parent of every orphan below it (prctl(2), subreaper), so
neither a session of its own nor a double fork takes a process out of its sight. Where it may make a control group, the
command lives in one, which is killed as a whole and still holds those whom a shim that was itself killed leaves behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

sys.path.append(__file__.rpartition("/released/")[0])  # the interpreter was told to look nowhere but at its own

from released.adapters.commands.shim import cgroup, descendants, records
from released.adapters.commands.shim.bell import Bell
from released.adapters.commands.shim.flush import flush, flush_everything
from released.adapters.commands.shim.masker import Masker
from released.adapters.commands.shim.output import Output
from released.adapters.commands.shim.watch import Watch

TYPE_CHECKING = False  # the real one costs the import of typing
if TYPE_CHECKING:
    from collections.abc import Callable

    from released.adapters.commands.shim.records import Record

_CANNOT_RUN, _NOT_FOUND = 126, 127


def main() -> int:
    """Claim the slot, run the command, leave the result; the shim's own exit status says nothing of the command's."""
    slot = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
    _outlive_the_daemon()
    bell = Bell()
    spec = _specification()
    if spec is None:
        return records.NO_SPECIFICATION
    identity = records.identity()
    group = cgroup.make(identity["pid"], identity["start_time"])
    try:
        if not records.claim(slot, {**identity, "cgroup": group}):
            return records.SLOT_TAKEN
        result = _run(spec, slot, bell, group)
        _make_durable(spec)
        records.leave_result(slot, result)
    finally:
        cgroup.remove(group)
    return 0


def _specification() -> Record | None:
    """Read what to run; cut short by the daemon's death it is no JSON, and nothing is run."""
    try:
        return json.load(sys.stdin)  # type: ignore[no-any-return]
    except ValueError as error:
        records.complain(f"the specification on stdin is not whole ({error}); nothing was run")
        return None


def _outlive_the_daemon() -> None:
    """Shrug off the signals that end a daemon or a terminal; a handler, unlike SIG_IGN, does not reach the command."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, lambda *_: None)


def _make_durable(spec: Record) -> None:
    """See to it that a result that outlives a power cut speaks of something that has outlived it, too."""
    if spec["durable_in"] is None:
        flush_everything(spec["cwd"])
    else:
        flush(spec["durable_in"])


def _run(spec: Record, slot: int, bell: Bell, group: str) -> Record:
    """Run the command to its end and give the result; its exit status is that of a shell: 128 + signal."""
    output = Output(slot, spec["output_cap_bytes"])
    masker = Masker([secret.encode(errors="surrogateescape") for secret in spec["secrets"]])
    descendants.adopt_orphans()
    rc, stopped_by = _follow(spec, bell, group, lambda data: output.append(masker.feed(data)))
    output.append(masker.rest())
    size, sha256 = output.close()
    return {"rc": rc, "ended": records.now(), "stopped_by": stopped_by, "output_bytes": size, "output_sha256": sha256}


def _follow(spec: Record, bell: Bell, group: str, show: Callable[[bytes], None]) -> tuple[int | None, str]:
    """Run the command and read what it prints until it is over; give its exit status and what stopped it, if anything.

    A command that cannot be run ends as it does in a shell, and its output says why.
    """
    try:
        watch = Watch(_launch(spec, group), spec, bell, group)
    except (OSError, ValueError) as error:
        show(_why_not_run(spec, error))
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _CANNOT_RUN, ""
    for data in watch.chunks():
        show(data)
    return watch.rc, watch.stopped_by


def _launch(spec: Record, group: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        spec["argv"],
        cwd=spec["cwd"],
        env=spec["env"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: cgroup.enter(group),  # noqa: PLW1509 (the shim has one thread)
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


if __name__ == "__main__":
    sys.exit(main())
