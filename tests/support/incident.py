"""An incident of three releases: verify fails, is mended and resumed; the release is taken back, and run once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.past_of_a_stack import PastOfAStack

if TYPE_CHECKING:
    from support.stack import Stack

BEFORE, BAD, AFTER = "1401", "1402", "1403"
"""Each brings front to the next version; the script of the second one stops it, until that is mended."""
SCRIPT = "releases/1402-import.sh"
STOPS_IT = """\
#!/bin/sh
. ./.env
test -e .asd/mended || docker stop "${CONTAINER_PREFIX}front" >&2
echo imported 7 users
"""


def befallen(stack: Stack) -> PastOfAStack:
    """Let it all happen."""
    past = PastOfAStack(stack)
    past.merges[BEFORE] = stack.merge(BEFORE, stack.new_version("front", "2"))
    past.client("run", BEFORE)
    past.note("before")
    past.merges[BAD] = stack.merge(BAD, {**stack.new_version("front", "3"), SCRIPT: STOPS_IT})
    past.client("run", BAD, code=1)
    past.note("verify failed")
    stack.containers.start("front")
    past.client("resume", BAD, "--reason", "front was stopped by the import; started by hand")
    past.client("note", BAD, "the import must not stop front")
    past.note("mended")
    past.client("revert", BAD, "--yes", "--reason", "users are there twice")
    past.note("taken back")
    (stack.ops.checkout / ".asd" / "mended").touch()
    past.client("run", BAD, "--include-reverted", "--reason", "the import looks for twins now")
    past.note("second run")
    past.merges[AFTER] = stack.merge(AFTER, stack.new_version("front", "4"))
    past.client("run", AFTER)
    past.note("after")
    return past
