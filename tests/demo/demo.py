"""A release that survives kill -9 and is taken back, on real git, containers and processes (``make demo``).

Everything is made in a temporary folder and removed at the end, also after ctrl-C. Ends with 1 when anything is not
as told.
"""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from support.daemon_process import PATIENCE_S, PROGRAMS
from support.stack import Stack
from support.stack_images import FirstImages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.daemon_process import Daemon

KILLED_IN = "slow.healthy"
"""The step in which the daemon is killed: the new container is up, and not healthy yet."""
FAILED = 1
"""What the client exits with when a release halts."""
REFUSED = 3
"""What the client exits with when something is refused."""
KEPT, LOST = "/data/order-1", "/data/order-2"
"""What a user wrote into web's volume before the release, and after."""
NEEDED_FILE = ".asd/customers.csv"
ANNOUNCE = """\
#!/bin/bash
# Runs once per release, after the services are up.
set -euo pipefail
echo "ticket $TICKET brings: $SERVICES"
echo "$TICKET" >> .asd/announced
"""
IMPORT = f"""\
#!/bin/bash
set -euo pipefail
echo "importing {NEEDED_FILE}"
wc -l {NEEDED_FILE}
"""


class NotAsTold(Exception):
    """Reality and the story differ."""


def main() -> int:
    """Tell the story from the first image to the last container removed; returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        with _stage() as stack:
            _tell(stack)
    except (NotAsTold, AssertionError, subprocess.TimeoutExpired) as difference:
        print(f"\n[ERROR] {difference}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; everything that the demo made is removed.", file=sys.stderr)
        return 130
    print(f"\nAll of it was as told, in {time.monotonic() - began:.0f} s, and everything is removed again.")
    return 0


@contextmanager
def _stage() -> Iterator[Stack]:
    _title("An ops repo with three services, running at version 1 (images are built here, nothing is pulled)")
    with TemporaryDirectory(prefix="released-demo-") as folder, FirstImages() as images:
        stack = Stack.create(Path(folder) / "stack", images)
        try:
            _note(f"production's checkout: {stack.ops.checkout}")
            _note(f"containers: {', '.join(stack.names.container(name) for name in stack.containers.ids())}")
            yield stack
        finally:
            # A second ctrl-C would leave containers behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            stack.cleanup()


def _tell(stack: Stack) -> None:
    daemon = stack.daemon()
    stack.containers.run_in("web", "touch", KEPT)
    before = Before.of(stack)
    try:
        _good_release(stack, daemon)
        _failing_script(stack)
        _way_back(stack, before)
        _derived_files(stack)
    except (NotAsTold, AssertionError, subprocess.TimeoutExpired):
        print(f"\nWhat the daemon had to say:\n{daemon.log}", file=sys.stderr)
        raise
    finally:
        daemon.end()


# --- ticket 1234: a release whose daemon is killed in the middle of migrate ---------------------------------------


def _good_release(stack: Stack, daemon: Daemon) -> None:
    _title("A pull request for ticket 1234 is merged: web and slow get version 2, and there is a script")
    script = {"releases/1234-announce.sh": ANNOUNCE}
    stack.merge("1234", stack.new_version("web", "2") | stack.new_version("slow", "2") | script)
    before = stack.containers.ids()
    _note("released serve --config released.yaml")
    daemon.start()

    _title(f"releasectl run 1234, and kill -9 for the daemon once step {KILLED_IN} has begun")
    following, lines = _start_in_lines(stack, "run", "1234")
    _wait_for_step(stack, "1234", KILLED_IN)
    daemon.kill()
    _note(f"kill -9 {daemon.process.pid}: the daemon is dead, in the middle of migrate")

    _title("The daemon is started again: it goes on by itself, and the client re-attaches")
    daemon.start()
    _expect_exit(following.wait(PATIENCE_S), 0, "releasectl run 1234")
    lines.wait(PATIENCE_S)
    _expect_released(stack, before)


def _wait_for_step(stack: Stack, ticket: str, step: str) -> None:
    """Follow the ticket's events as another client until the step has begun."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with stack.start_client("watch", ticket, "-o", "jsonl") as watcher:
            try:
                if any(_begins(line, step) for line in watcher.stdout or ()):
                    return
            finally:
                watcher.terminate()
    raise NotAsTold(f"step {step} of ticket {ticket} did not begin within {PATIENCE_S:.0f} s")


def _begins(line: str, step: str) -> bool:
    event = json.loads(line)
    return bool(event.get("type") == "step_started" and event["data"]["step"] == step)


def _expect_released(stack: Stack, before: dict[str, str]) -> None:
    after = stack.containers.ids()
    announced = (stack.ops.checkout / ".asd/announced").read_text(encoding="utf-8")
    _expect(stack.containers.running_tags() == {"web": "2", "slow": "2", "front": "1"}, "web and slow run version 2")
    _expect(after["front"] == before["front"], "front was not affected, and its container was not touched")
    _expect(announced == "1234\n", "the ticket's script ran exactly once")


# --- ticket 1235: a script that fails, and is resumed -------------------------------------------------------------


def _failing_script(stack: Stack) -> None:
    _title("Ticket 1235: front gets version 2, and its script needs a file that nobody has put there")
    stack.merge("1235", stack.new_version("front", "2") | {"releases/1235-import.sh": IMPORT})
    _expect_exit(_run(stack, "run", "1235"), FAILED, "releasectl run 1235")

    _title("The cause is fixed, and the release goes on with the script: prepare and migrate are not done again")
    (stack.ops.checkout / NEEDED_FILE).write_text("Ada\nGrace\n", encoding="utf-8")
    _note(f"printf 'Ada\\nGrace\\n' > {NEEDED_FILE}")
    migrated = stack.containers.ids()
    status = _run(stack, "run", "1235", "--from=ticket", "--reason", "customers.csv was missing")
    _expect_exit(status, 0, "releasectl run 1235 --from=ticket")
    _expect(stack.containers.ids() == migrated, "no container was recreated for it")


# --- the way back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Before:
    """What stood before the first release."""

    tree: str
    images: dict[str, str]
    dotenv: str

    @classmethod
    def of(cls, stack: Stack) -> Before:
        """Note what stands now."""
        tree = stack.ops.git("rev-parse", "HEAD^{tree}")
        dotenv = (stack.ops.checkout / ".env").read_text(encoding="utf-8")
        return cls(tree, stack.containers.image_ids(), dotenv)


def _way_back(stack: Stack, before: Before) -> None:
    _title("A user writes into web; then 1234 turns out to be bad. 1235 stands on top of it, so that is refused")
    stack.containers.run_in("web", "touch", LOST)
    _note(f"docker exec {stack.names.container('web')} touch {LOST}")
    _expect_exit(_run(stack, "revert", "1234", "--yes"), REFUSED, "releasectl revert 1234")

    _title("Both are taken back, the newest first; web is stateful, so that its data is named to be restored")
    reverting = ("revert", "1235", "1234", "--with-data", "web", "--reason", "orders get lost", "--yes")
    _expect_exit(_run(stack, *reverting), 0, "releasectl revert 1235 1234")
    now = Before.of(stack)
    files = stack.containers.run_in("web", "ls", "/data").split()
    _expect(now.tree == before.tree, "the code is back: the same tree, by one commit for each release")
    _expect(now.images == before.images, "the images are back: every container runs the one that it ran before")
    _expect(now.dotenv == before.dotenv, ".env is back, to the byte")
    _expect(KEPT.rpartition("/")[2] in files, f"the data is back: {KEPT} is there")
    _expect(LOST.rpartition("/")[2] not in files, f"and {LOST}, written after the backup, is gone, as was said before")


# --- the end ------------------------------------------------------------------------------------------------------


def _derived_files(stack: Stack) -> None:
    _title("What an operator finds afterwards, derived from the record")
    for ticket in ("1234", "1235"):
        for kind in ("env", "log"):
            print(f"\n{stack.workspace.relative_to(stack.ops.checkout)}/releases/{ticket}.{kind}")
            print(stack.derived(ticket, kind), end="", flush=True)
    _expect_exit(_run(stack, "list"), 0, "releasectl list")
    _expect(not stack.leaks(), "no secret of .env is in any file or command line, though a hook printed one")


def _run(stack: Stack, *arguments: str) -> int:
    return _start(stack, *arguments).wait(PATIENCE_S)


def _start(stack: Stack, *arguments: str, stdout: int | None = None) -> subprocess.Popen[bytes]:
    """Start the client; its stdout is the terminal of whoever watches the demo, unless told otherwise."""
    typed = shlex.join(["releasectl", *arguments])
    print(f"\n$ {typed}{' | cat' if stdout else ''}", flush=True)
    environment = {name: value for name, value in stack.client_environment().items() if name != "NO_COLOR"}
    return subprocess.Popen(
        [PROGRAMS / "releasectl", *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=stdout
    )


def _start_in_lines(stack: Stack, *arguments: str) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
    """Start the client through a pipe, which makes it print lines: the story can stand between them."""
    client = _start(stack, *arguments, stdout=subprocess.PIPE)
    cat = subprocess.Popen(["cat"], stdin=client.stdout)  # noqa: S607 (found on every path)
    if client.stdout:
        client.stdout.close()
    return client, cat


def _expect_exit(status: int, expected: int, command: str) -> None:
    _expect(status == expected, f"'{command}' ends with {expected}", f"it ended with {status}")


def _expect(holds: bool, fact: str, instead: str = "it is not so") -> None:  # noqa: FBT001 (the fact is the sentence)
    if not holds:
        raise NotAsTold(f"Expected that {fact}; {instead}.")
    _note(f"✓ {fact}")


def _title(text: str) -> None:
    line = f"── {text} "
    print(f"\n\033[1m{line}\033[0m" if sys.stdout.isatty() else f"\n{line}", flush=True)


def _note(text: str) -> None:
    print(f"   {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
