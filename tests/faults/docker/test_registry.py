"""The registry fails while an image is pulled: nothing was stopped yet, and the release goes on once it answers."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import pytest

from support.file_watch import await_content
from support.invariants import broken
from support.second_engine import SecondEngine, second_engine
from support.second_registry import PORT, STALLING_PORT, SecondRegistry, skip_without_registry
from support.second_site import SecondSite, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.evidence import Evidence

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(300)]

SERVE = "touch /ready\ntrap 'exit 0' TERM\nwhile :; do sleep 3600 & wait; done\n"
HALF = 1_000_000
"""Bytes of answers after which a pull of the image, which no compression makes much smaller, is half-way."""

PUSHED = f"127.0.0.1:{PORT}/front:2"


class Story:
    """``front`` runs; ticket 1234 brings an image that is to be pulled."""

    def __init__(self, engine: SecondEngine, home: Path) -> None:
        self.engine = engine
        self.registry = SecondRegistry(engine.host)
        self.site = SecondSite.create(engine, home)
        self.daemon = self.site.daemon()
        self.before = self.standing()

    def merge(self, *, port: int = PORT, pushed: bool = True) -> None:
        """Have the ticket ask for an image of the registry, which is not on the engine; it is in there where pushed."""
        image = f"127.0.0.1:{port}/front"
        if pushed:
            self.push()
            self.engine.docker("rmi", PUSHED)
        folder = self.site.ops.developer / "packages" / "front"
        manifest = (
            (folder / "manifest.yaml").read_text().replace("prod-front", image).replace("build: true", "build: false")
        )
        compose = (folder / "docker-compose.yaml").read_text().replace("prod-front:", f"{image}:")
        files = {"manifest.yaml": manifest.replace("tag: '1'", "tag: '2'"), "docker-compose.yaml": _unbuilt(compose)}
        self.site.ops.merge_pull_request("ticket-1234", {f"packages/front/{k}": v for k, v in files.items()}, "Pull")

    def push(self) -> None:
        """Put an image that is like no other into the registry, under the ticket's tag; it is on the engine, too."""
        self.engine.import_image(PUSHED, SERVE, os.urandom(HALF).hex())
        self.engine.docker("push", PUSHED)

    def standing(self) -> tuple[list[Seen], str]:
        """Give what runs, and since when; whether it has been found healthy yet says nothing of that."""
        running = [dataclasses.replace(one, health="") for one in self.site.containers()]
        return running, self.engine.docker("inspect", "--format={{.Id}} {{.State.StartedAt}}", "prod-front")

    def halted(self) -> str:
        """Give the code of the failure that the ticket halted for."""
        halted = [one["data"] for one in self.site.events("1234") if one["type"] == "halted"]
        return str(halted[-1]["failure"]["code"])


def _unbuilt(compose: str) -> str:
    return compose.replace("    build: ./src\n", "")


@pytest.fixture(name="story")
def _story(tmp_path: Path) -> Iterator[Story]:
    skip_without_registry()
    with second_engine() as engine:
        story = Story(engine, tmp_path)
        yield story
        story.daemon.end()


RELEASED = [Seen("prod-front", "2", "running", "healthy")]


def test_a_registry_that_is_down_stops_nothing(story: Story, evidence: Evidence) -> None:
    """Row 35: nobody listens; once somebody does the release is resumed."""
    story.registry.start()
    story.merge()
    story.registry.stop()
    story.daemon.start()
    code = story.site.client("run", "1234").returncode
    meanwhile, failure = story.standing(), story.halted()
    story.registry.start()
    resumed = story.site.client("resume", "1234", "--reason", "the registry is up").returncode
    evidence.fired("connection refused" in str(story.site.events("1234")))

    assert (code, failure, meanwhile) == (1, "image_pull_failed", story.before)
    assert (resumed, story.site.containers()) == (0, RELEASED)
    assert broken(story.site.remains()) == []


def test_a_tag_that_is_missing_stops_nothing(story: Story, evidence: Evidence) -> None:
    """Row 35: the registry has no such image."""
    story.registry.start()
    story.merge(pushed=False)
    story.daemon.start()
    code = story.site.client("run", "1234").returncode
    evidence.fired("manifest unknown" in str(story.site.events("1234")))

    assert (code, story.halted(), story.standing()) == (1, "image_pull_failed", story.before)
    assert broken(story.site.remains()) == []


def test_a_pull_that_is_cut_off_half_way_stops_nothing(story: Story, evidence: Evidence) -> None:
    """Row 35: the connection ends in the middle of a layer."""
    story.registry.start()
    story.merge(port=STALLING_PORT)
    story.daemon.start()
    with story.registry.stalling(HALF) as said:
        story.site.client("run", "1234", "--detach")
        await_content(said, b"stalled")
    code = story.site.client("watch", "1234").returncode
    evidence.fired()

    assert (code, story.halted(), story.standing()) == (1, "image_pull_failed", story.before)
    assert broken(story.site.remains()) == []


def test_a_tag_that_becomes_another_image_after_the_pull_does_not_pass_for_the_release(
    story: Story, evidence: Evidence
) -> None:
    """Row 35: somebody pushes and pulls it anew while the daemon is down."""
    story.registry.start()
    story.merge()
    story.daemon.start("before-intent:front.recreate")
    story.site.client("run", "1234", "--detach")
    story.daemon.wait_dead()
    pulled = story.engine.docker("images", "--quiet", PUSHED)
    story.push()
    story.daemon.start()
    code = story.site.client("watch", "1234").returncode
    evidence.fired(story.engine.docker("images", "--quiet", PUSHED) != pulled)

    assert (code, story.halted()) == (1, "image_mismatch")
    assert broken(story.site.remains()) == []


def test_an_engine_that_dies_in_the_middle_of_a_pull_costs_nothing_but_a_resume(
    story: Story, evidence: Evidence
) -> None:
    """Row 30: dockerd is killed by -9 while half of a layer is there."""
    story.registry.start()
    story.merge(port=STALLING_PORT)
    story.daemon.start()
    with story.registry.stalling(HALF) as said:
        story.site.client("run", "1234", "--detach")
        await_content(said, b"stalled")
        story.engine.kill()
    code = story.site.client("watch", "1234").returncode
    story.engine.start()
    with story.registry.stalling(HALF * HALF):
        resumed = story.site.client("resume", "1234", "--reason", "the engine is up").returncode
    evidence.fired()

    assert code == 1
    assert (resumed, story.site.containers()) == (0, RELEASED)
    assert broken(story.site.remains()) == []
