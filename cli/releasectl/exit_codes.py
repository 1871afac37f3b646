"""What the client's exit status says (spec: Exit codes)."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes that scripts rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    NOTHING_TO_DO = 5
    UNREACHABLE = 6
    NOT_ALLOWED = 7
    IN_DOUBT = 8
    WAITED = 9
    DRIFT = 10
    """Drift; and of a plan, that there is something to do."""
    DETACHED = 130
    BROKEN_PIPE = 141
    """What a shell shows for a command whose reader has gone, as in ``releasectl events 1234 | head``."""


OF_KIND = {
    "invalid": ExitCode.USAGE,
    "refused": ExitCode.REFUSED,
    "not_found": ExitCode.NOT_FOUND,
    "not_allowed": ExitCode.NOT_ALLOWED,
    "unreachable": ExitCode.UNREACHABLE,
    "internal": ExitCode.FAILED,
}
"""The one table from the kind of an error to the exit code."""
