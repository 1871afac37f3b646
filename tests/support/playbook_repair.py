"""A failure that is really produced, and what the playbook that should tell of it did about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from support.playbook_matches import Seen, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from subprocess import CompletedProcess

    Client = Callable[..., CompletedProcess[str]]


class Repair(NamedTuple):
    """What the playbook that was found first did about a failure."""

    detected: bool
    """Its detection commands found what it expects."""
    applied: CompletedProcess[str]
    """Its repair, and what proves it."""


class Failed(NamedTuple):
    """A failure: what playbooks said of it, and what the one that should tell of it did."""

    seen: Seen
    repair: Repair


def failed(
    client: Client, playbook: str, mend: Callable[[], object], *arguments: str, given: Sequence[str] = ()
) -> Failed:
    """Type a command that fails, look at what the playbooks say of that, and do what one of them says.

    Args:
        client: runs ``releasectl``.
        playbook: the id of the one that should tell of the failure.
        mend: does by hand what it leaves to a person.
        arguments: the command, and next the ticket.
        given: values of its placeholders, ``name=value`` each.
    """
    found = seen(client, arguments[1], client(*arguments))
    return Failed(found, _repaired(client, arguments[1], playbook, mend, *given))


def _repaired(client: Client, ticket: str, playbook: str, mend: Callable[[], object], *given: str) -> Repair:
    """Have a playbook look, do by hand what it says, and apply the rest of it."""
    looked = client("-o", "json", "playbook", "match", ticket, "--detect")
    assert looked.returncode == 0, looked.stderr
    matches = {one["playbook"]["id"]: one for one in json.loads(looked.stdout)["matches"]}
    assert playbook in matches, client("status", ticket).stdout
    detection = matches[playbook]["detection"]
    mend()
    settings = [word for setting in given for word in ("--set", setting)]
    return Repair(detection["applies"], client("playbook", "apply", playbook, ticket, "--yes", *settings))
