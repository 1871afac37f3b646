"""The checkout and its remote."""

from __future__ import annotations

import os

from released.adapters.git.files import owner_name
from released.domain.environments.checkup import Check, checkout_on_record, failed, ok, warning
from released.domain.ids import parse_sha
from released.engine.checkup.subject import Subject
from released.engine.deployed import deployed
from released.phases.planning.releasable import refuse_other_branch, releasable

_REMOTE_S = 10.0


def checkout(subject: Subject) -> Check:
    """Look whether a release may start from the checkout."""
    state = releasable(subject.world.git, subject.world.settings)
    refuse_other_branch(state, subject.world.settings)
    return ok("repository", f"{subject.world.root} is clean, on {state.branch} at {state.head[:12]}.")


def on_record(subject: Subject) -> Check:
    """Look whether somebody moved the checkout since the record left it; while a release is unsettled it may move."""
    git, world = subject.world.git, subject.world
    head, known = git.state().head, deployed(subject.store, world.name)
    if known.head is None or known.occupant is not None:
        return checkout_on_record(str(world.root), head, None, contained=False)
    last = parse_sha(known.head)
    contained = git.has_commit(last) and git.is_ancestor(last, head)
    return checkout_on_record(str(world.root), head, last, contained=contained)


def owner(subject: Subject) -> Check:
    """Look whether the checkout belongs to the daemon's user."""
    root, us = subject.world.root, os.geteuid()
    found = root.stat().st_uid
    if found == us:
        return ok("repository", f"{root} belongs to the daemon's user.")
    finding = (
        f"{root} belongs to {owner_name(found)}, the daemon runs as {owner_name(us)}: the files of a release differ."
    )
    return warning(
        "repository", finding, f"chown -R {owner_name(us)} {root}, or run the daemon as {owner_name(found)}."
    )


def remote(subject: Subject) -> Check:
    """Ask the remote, for a short while, where its branch stands."""
    git = subject.world.git
    tip = git.tip_at_remote(_REMOTE_S)
    if tip is None:
        finding = f"{git.remote} has no branch {git.branch}."
        return failed("repository", finding, f"Push it: git -C {subject.world.root} push {git.remote} {git.branch}")
    return ok("repository", f"{git.remote} answers, {git.branch} is at {tip[:12]}.")
