"""What the playbooks of an environment say of a failure, seen with all that is on record and blind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from released.domain.playbooks.matching import Facts, match
from released.domain.playbooks.playbook import Playbook, read_playbooks
from released.store.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess


class Seen(NamedTuple):
    """The ids of the playbooks that match, best first."""

    sighted: list[str]
    """As ``releasectl playbook match`` tells."""
    blind: list[str]
    """From nothing but the text that the client printed: phase, code and services are hidden."""


def seen(client: Callable[..., CompletedProcess[str]], ticket: str, told: CompletedProcess[str]) -> Seen:
    """Match the latest failure of a ticket, of which a client told."""
    answer = client("-o", "json", "playbook", "match", ticket)
    assert answer.returncode == 0, answer.stderr
    sighted = [found["playbook"]["id"] for found in json.loads(answer.stdout)["matches"]]
    facts = Facts("", "", (), (told.stdout + told.stderr,))
    return Seen(sighted, [found.playbook.id for found in match(built_in(), facts)])


def built_in() -> tuple[Playbook, ...]:
    """Read the playbooks that ship with the product."""
    library = read_playbooks((file.name, file.read_bytes()) for file in shipped("recovery/playbooks").glob("*.yaml"))
    assert library.problems == ()
    return library.playbooks
