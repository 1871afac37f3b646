"""What the guest releases: an ops repo, its remote on the guest's own disk, and tickets merged one by one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from support import stack_files
from support.guest.installation import CHECKOUT
from support.ops_repo import OpsRepo
from support.stack_images import FirstImages, docker

ORIGIN = "/srv/ops/origin.git"
WITNESS = "/srv/witness"
"""A file per ticket, in which its script leaves a line."""
IMAGES = "/srv/images.tar"
SERVICES = ("web",)
"""They run and are released; the others are in the ops repo only."""
SECRET = "canary-7f1d0c5be1a94d60"  # noqa: S105 (a canary: it may appear nowhere)
_FIRST_TICKET = 1001
_PROBED_EVERY = "10s"  # each probe is a process, which an emulated processor is busy with for seconds
_SCRIPT = f"""\
#!/bin/bash
# Works for a while, and leaves a line that no reset can take away.
set -euo pipefail
sleep 2
echo "$TICKET" >>{WITNESS}/$TICKET
sync {WITNESS}/$TICKET {WITNESS}
sleep 2
"""


@dataclass(frozen=True)
class Site:
    """What the guest's disk holds of the site."""

    names: stack_files.Names
    merges: dict[str, str]
    """The merge commit of each ticket; the remote's ``main`` is to be moved there before the ticket is released."""
    first_images: dict[str, str]
    """The image of each service at version 1, as it is called in the file of images."""


def furnish(root: Path, images: FirstImages, tickets: int) -> Site:
    """Put ops repo, tickets and images of version 1 into the guest's root folder."""
    names = stack_files.Names("prod-", 8080, images.base, restart="unless-stopped", probed_every=_PROBED_EVERY)
    with TemporaryDirectory() as folder:
        ops = OpsRepo.create(Path(folder), stack_files.ops_repo(names))
        first = ops.head()
        merges = {str(_FIRST_TICKET + number): _merge(ops, names, number) for number in range(tickets)}
        ops.git("update-ref", "refs/heads/main", first, cwd=ops.origin)
        ops.git("remote", "set-url", "origin", ORIGIN)
        for repository, place in ((ops.origin, ORIGIN), (ops.checkout, CHECKOUT)):
            shutil.copytree(repository, root / place[1:], symlinks=True)
    (root / CHECKOUT[1:] / ".env").write_text(stack_files.dotenv(names, SECRET), encoding="utf-8")
    (root / WITNESS[1:]).mkdir()
    first_images = {service: images.reference(service) for service in SERVICES}
    docker("save", "--output", str(root / IMAGES[1:]), images.base, *first_images.values())
    return Site(names, merges, first_images)


def tag_of(ticket: str) -> str:
    """Give the version that a ticket brings."""
    return str(int(ticket) - _FIRST_TICKET + 2)


def step_of(ticket: str) -> str:
    """Name the step that runs a ticket's script."""
    return f"{ticket}-witness.sh"


def _merge(ops: OpsRepo, names: stack_files.Names, number: int) -> str:
    ticket = str(_FIRST_TICKET + number)
    files = {f"releases/{step_of(ticket)}": _SCRIPT}
    for service in SERVICES:
        files |= stack_files.service_files(names, service, tag_of(ticket))
    return ops.merge_pull_request(f"ticket-{ticket}", files, f"Ticket {ticket}")
