"""The daemon is killed by -9 in the middle of what a way back does: git moves the checkout, a volume is filled.

The last part breaks the recovery, and sees that the checks above notice it.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest

from support.bare_sites import BareSites
from support.engine_relay import EngineRelay, Moment, engine_relay
from support.git_gate import GitGate
from support.stories import of_type
from support.way_back import HOOKS, TICKET, go_back_dying_at, released, write_data
from support.way_back_ending import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.daemon_process import Daemon
    from support.evidence import Evidence
    from support.site import Site
    from support.stack import Stack
    from support.stack_images import FirstImages

NAME = "prod"
SCRIPT = f"releases/{TICKET}-once.sh"

# --- while a volume is restored ----------------------------------------------------------------------------------

GONE = "DELETE /volumes/"
ANEW = "POST /volumes/create"
HELPER = "POST /containers/create"
FILL = "PUT /containers/"
MOMENTS = {
    "the volume is gone": Moment((GONE,)),
    "the volume is there again and empty": Moment((GONE, ANEW)),
    "the helper is there": Moment((GONE, ANEW, HELPER)),
    "half of the archive is sent": Moment((GONE, ANEW, HELPER, FILL), sent_bytes=400_000),
    "the archive is unpacked": Moment((GONE, ANEW, HELPER, FILL)),
}

pytestmark = pytest.mark.tier1


@dataclass
class BackAndForth:
    """A release that goes back and forth, each time with a death of the daemon."""

    stack: Stack
    relay: EngineRelay
    here: str = "the release's"
    there: str = "the former"

    def go(self, moment: Moment) -> Ending:
        """Take back what stands."""
        self.here, self.there = self.there, self.here
        return go_back_dying_at(self.stack, self.relay, moment)


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[BackAndForth]:
    runtime = Path(mkdtemp(prefix="relay-", dir="/tmp"))
    home = tmp_path_factory.mktemp("cut-off") / "stack"
    try:
        with (
            engine_relay(runtime / "engine.sock") as relay,
            released(home, first_images, docker=relay.url) as stack,
        ):
            write_data(stack, "later")
            yield BackAndForth(stack, relay)
    finally:
        rmtree(runtime)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_restore_that_was_cut_off_is_done_anew(story: BackAndForth, moment: str, evidence: Evidence) -> None:
    """Row 2: the daemon dies while the engine makes a volume anew and fills it."""
    data = {"the former": {".", "before", "starts"}, "the release's": {".", "before", "later", "starts"}}
    hooks_before = len(witness(story.stack))

    ending = story.go(MOMENTS[moment])
    evidence.fired()

    assert (ending.exit_code, ending.tree, ending.differences) == (0, story.here, "")
    assert set(ending.data) == data[story.here]
    assert (ending.occupied_by, ending.leftovers) == ("", [])
    assert witness(story.stack)[hooks_before:] == [*HOOKS]


def witness(stack: Stack) -> list[str]:
    """List the hooks that ran."""
    file = stack.home / "witness"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


# --- while git moves the checkout --------------------------------------------------------------------------------


@pytest.fixture(name="sites")
def _sites(tmp_path: Path) -> Iterator[BareSites]:
    sites = BareSites.create(tmp_path / "sites", {NAME: {}})
    try:
        yield sites
    finally:
        sites.cleanup()


@pytest.fixture(name="site")
def _site(sites: BareSites) -> Site:
    """An environment without services, to be released."""
    site = sites.site(NAME)
    site.ops.commit({"docs/a": "former\n", "docs/m": "former\n", "docs/z": "former\n"}, "Pages")
    site.git("pull", "--quiet")
    script = "#!/bin/sh\necho done\n"
    site.merge(TICKET, {SCRIPT: script, "docs/a": "new\n", "docs/m": "new\n", "docs/z": "new\n"})
    return site


def release(site: Site, daemon: Daemon) -> None:
    """Release the ticket, and let the daemon end."""
    daemon.start()
    assert site.client("run", TICKET).returncode == 0
    daemon.end()


def complaints(site: Site, former: str) -> list[str]:
    """Watch the way back to its end, and list what is wrong then; a daemon runs."""
    code = site.client("watch", TICKET).returncode
    record = [json.loads(line) for line in site.client("-o", "jsonl", "events", TICKET).stdout.splitlines()]
    claims = {
        "it did not go well": code != 0,
        "the tree is another one": site.git("diff", "--stat", former) != "",
        "it is not one commit": site.git("rev-parse", "HEAD^1") != site.ops.head(site.ops.developer),
        "the work tree is dirty": site.git("status", "--porcelain") != "",
        "a lock is left": any((site.ops.checkout / ".git").rglob("*.lock")),
        "the step did not succeed once": succeeded(record).count("revert.code") != 1,
    }
    return [claim for claim, holds in claims.items() if holds]


def succeeded(record: list[dict[str, Any]]) -> list[str]:
    """Name the steps that succeeded."""
    return [step["step"] for step in of_type(record, "step_succeeded")]


@pytest.mark.parametrize("git_survives", [False, True], ids=["and git with it", "and git goes on"])
def test_a_move_that_was_cut_off_is_completed(sites: BareSites, site: Site, *, git_survives: bool) -> None:
    daemon, former = sites.daemon(), site.ops.head()
    release(site, daemon)
    gate = GitGate(site.ops, sites.home / "gate", "docs/m")
    daemon.start()
    site.client("revert", TICKET, "--yes", "--detach")
    with gate.await_git():
        half_written = site.git("status", "--porcelain")
        daemon.kill() if git_survives else daemon.kill_group()
        gate.remove()
        daemon.start()
    found = complaints(site, former)
    daemon.end()

    assert half_written != ""
    assert found == []


# --- negative control --------------------------------------------------------------------------------------------

BROKEN = """\
from released.phases import effects

effects.Observed.recover = lambda self, slot: effects.Done(None)
"""
"""A recovery that takes an intent for the deed."""


@pytest.mark.parametrize("is_broken", [False, True], ids=["sound", "broken"])
def test_a_recovery_that_takes_the_intent_for_the_deed_is_noticed(
    sites: BareSites, site: Site, tmp_path: Path, evidence: Evidence, *, is_broken: bool
) -> None:
    """Row 2: a negative control."""
    former = site.ops.head()
    release(site, sites.daemon())
    (tmp_path / "sitecustomize.py").write_text(BROKEN if is_broken else "", encoding="utf-8")
    daemon = sites.daemon(PYTHONPATH=str(tmp_path))
    daemon.start("after-intent:revert.code")
    site.client("revert", TICKET, "--yes", "--detach")
    killed = daemon.wait_dead()
    daemon.start()
    found = complaints(site, former)
    daemon.end()

    assert killed == -signal.SIGKILL
    evidence.fired()
    if is_broken:
        evidence.control("a recovery that takes the intent for the deed", red="the tree is another one" in found)
    else:
        assert found == []
