"""The daemon is killed by -9 while the checkout goes back from a hotfix branch: the next start brings it to its end."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support.bare_sites import BareSites
from support.git_gate import GitGate
from support.hotfix import BRANCH, check_out_hotfix, merge_hotfix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from subprocess import CompletedProcess

    from support.daemon_process import Daemon
    from support.site import Site

NAME = "prod"
PAGES = ("docs/a", "docs/m", "docs/z")
GO = ("-o", "json", "return-to-main", "--request-id", "back-to-main")
DEATHS = {
    "before the intent": ("before-intent",),
    "after the intent": ("after-intent",),
    "after the effect": ("after-effect",),
    "after the intent, and again": ("after-intent", "after-intent"),
    "after the intent, and after the effect": ("after-intent", "after-effect"),
}
OFTEN = "after the intent, and after the effect"
"""What every run of the suite goes through."""


@dataclass
class Scene:
    """A checkout on a hotfix branch that is merged, and the daemon of it."""

    site: Site
    daemon: Daemon
    asking: ThreadPoolExecutor
    hotfix: str
    target: str

    def ask(self) -> Future[CompletedProcess[str]]:
        """Ask for the way back; a client whose daemon dies asks the next one."""
        return self.asking.submit(self.site.client, *GO)

    def die(self, points: Sequence[str]) -> Future[CompletedProcess[str]]:
        """Have one daemon after the other killed at these points, and give who asked the first one."""
        first, *later = (f"{point}:return-to-main" for point in points)
        self.daemon.start(first)
        asked = self.ask()
        codes = [self.daemon.wait_dead(), *(self.daemon.start_and_die(fault) for fault in later)]
        assert codes == [-signal.SIGKILL] * len(points), self.daemon.log
        return asked

    def stands(self) -> dict[str, str]:
        """Tell how the checkout stands."""
        git = self.site.git
        return {
            "branch": git("branch", "--show-current"),
            "head": git("rev-parse", "HEAD"),
            "hotfix": git("rev-parse", BRANCH),
            "differences": git("status", "--porcelain"),
            "locks": ", ".join(map(str, (self.site.ops.checkout / ".git").rglob("*.lock"))),
        }

    def back(self) -> dict[str, str]:
        """Tell how it is to stand at last."""
        return {"branch": "main", "head": self.target, "hotfix": self.hotfix, "differences": "", "locks": ""}

    def record(self) -> list[tuple[str, Any]]:
        """List what is on record of returns: type, and what failed."""
        log = [(kind, json.loads(payload)) for _, kind, payload in self.site.log()]
        return [(kind, event.get("failure")) for kind, event in log if kind in ("return_started", "return_ended")]


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    sites = BareSites.create(tmp_path / "sites", {NAME: {}})
    daemon = sites.daemon()
    try:
        site = sites.site(NAME)
        hotfix = check_out_hotfix(site, dict.fromkeys(PAGES, "hotfix\n"))
        merge_hotfix(site)
        target = site.merge("1003", dict.fromkeys(PAGES, "main\n"))
        with ThreadPoolExecutor() as asking:
            yield Scene(site, daemon, asking, hotfix, target)
        daemon.end()
    finally:
        sites.cleanup()


DONE = [("return_started", None), ("return_ended", None)]


@pytest.mark.parametrize(
    "points",
    [pytest.param(one, marks=() if name == OFTEN else pytest.mark.tier1, id=name) for name, one in DEATHS.items()],
)
def test_a_return_is_brought_to_its_end_by_the_next_start_and_is_on_record_once(
    scene: Scene, points: Sequence[str]
) -> None:
    asked = scene.die(points)

    scene.daemon.start()
    answer = asked.result()

    assert answer.returncode == 0, answer.stdout
    assert (json.loads(answer.stdout)["from_branch"], json.loads(answer.stdout)["head"]) == (BRANCH, scene.target)
    assert (scene.stands(), scene.record()) == (scene.back(), DONE)


@pytest.mark.tier1
def test_whoever_asks_again_after_a_death_is_answered_from_the_record(scene: Scene) -> None:
    asked = scene.die(("after-effect",))
    scene.daemon.start()
    first = asked.result()
    scene.site.git("switch", "--quiet", BRANCH)

    again = scene.ask().result()

    assert (again.returncode, json.loads(again.stdout)["head"]) == (first.returncode, scene.target)
    assert (scene.stands()["branch"], scene.record()) == (BRANCH, DONE)


@pytest.mark.parametrize(
    "git_survives",
    [pytest.param(False, id="and git with it", marks=pytest.mark.tier1), pytest.param(True, id="and git goes on")],
)
def test_a_return_that_is_cut_off_while_git_writes_is_completed(
    scene: Scene, tmp_path: Path, *, git_survives: bool
) -> None:
    gate = GitGate(scene.site.ops, tmp_path / "gate", PAGES[1])
    scene.daemon.start()
    asked = scene.ask()
    with gate.await_git():
        half_written = scene.stands()["differences"]
        scene.daemon.kill() if git_survives else scene.daemon.kill_group()
        gate.remove()
        scene.daemon.start()
    answer = asked.result()

    assert half_written != ""
    assert answer.returncode == 0, answer.stdout
    assert (scene.stands(), scene.record()) == (scene.back(), DONE)


def test_a_return_that_cannot_be_completed_any_more_is_undone_on_record_and_nothing_is_thrown_away(
    scene: Scene,
) -> None:
    asked = scene.die(("after-intent",))
    page = scene.site.ops.checkout / PAGES[0]
    page.write_text("somebody's\n", encoding="utf-8")

    scene.daemon.start()
    answer = asked.result()

    assert (answer.returncode, json.loads(answer.stdout)["error"]["reason"]) == (1, "return_failed")
    assert (scene.stands()["branch"], page.read_text(encoding="utf-8")) == (BRANCH, "somebody's\n")
    [(started, _), (ended, failure)] = scene.record()
    assert (started, ended, failure["code"]) == ("return_started", "return_ended", "checkout_in_doubt")


@pytest.mark.tier1
def test_after_a_return_that_failed_another_one_can_be_asked_for(scene: Scene) -> None:
    asked = scene.die(("after-intent",))
    page = scene.site.ops.checkout / PAGES[0]
    page.write_text("somebody's\n", encoding="utf-8")
    scene.daemon.start()
    asked.result()
    scene.site.git("checkout", "--quiet", "--", PAGES[0])

    assert scene.site.client("return-to-main").returncode == 0
    assert scene.stands() == scene.back()
