"""A release that stays halted says so: on the record, in the daemon's log, and wherever one looks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from support.bare_sites import BareSites
from support.file_watch import await_content

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from support.site import Site

    Document = dict[str, Any]

REMINDER = b"ticket 1234 is halted and waits"
FAILS = {"releases/1234-10-fails.sh": "#!/bin/sh\ntest -e .asd/mended\n"}


ASKED = {"ticket": ("status", "1234"), "environment": ("status",)}


class Story(NamedTuple):
    """A release that halted, was reminded of under two daemons, and went on in the end."""

    log: list[Document]
    """The lines of the daemon's log that remind."""
    events: list[Document]
    shown: dict[str, str]
    """What people read while it waited, by what they asked for."""
    documents: dict[str, Document]
    """What programs read then."""
    listed: list[Document]
    ended: CompletedProcess[str]
    shown_after: str
    document_after: Document


@pytest.fixture(scope="module", name="story")
def _story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    sites = BareSites.create(tmp_path_factory.mktemp("reminders"), {"prod": {"remind": {"after": "100ms"}}})
    try:
        yield told(sites)
    finally:
        sites.cleanup()


def told(sites: BareSites) -> Story:
    site, daemon, log = sites.site("prod"), sites.daemon(), sites.home / "daemon.log"
    daemon.start()
    halts(site)
    await_content(log, REMINDER, 2)
    daemon.kill()
    daemon.start()
    await_content(log, REMINDER, 3)
    shown = {what: site.client(*asked).stdout for what, asked in ASKED.items()}
    documents = {what: site.document(*asked) for what, asked in ASKED.items()}
    listed = site.document("list")["releases"]
    ended = goes_on(site)
    after = site.client("status", "1234").stdout, site.document("status", "1234")
    recorded = events(site)
    daemon.end()
    return Story(reminders(log), recorded, shown, documents, listed, ended, *after)


def halts(site: Site) -> None:
    site.merge("1234", FAILS)
    assert site.client("run", "1234").returncode == 1


def goes_on(site: Site) -> CompletedProcess[str]:
    (site.ops.checkout / ".asd").mkdir(exist_ok=True)
    (site.ops.checkout / ".asd" / "mended").touch()
    return site.client("resume", "1234", "--reason", "mended")


def events(site: Site) -> list[Document]:
    return [json.loads(line) for line in site.client("-o", "jsonl", "events", "1234").stdout.splitlines()]


def reminders(log: Path) -> list[Document]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if REMINDER.decode() in line]


@pytest.fixture(name="halted_at")
def _halted_at(story: Story) -> str:
    return next(str(event["at"]) for event in story.events if event["type"] == "halted")


def test_reminders_are_counted_over_a_restart(story: Story) -> None:
    reminded = [event["data"]["number"] for event in story.events if event["type"] == "reminded"]
    assert len(reminded) >= 3
    assert reminded == list(range(1, len(reminded) + 1))


def test_the_log_has_one_line_with_fields_for_each(story: Story) -> None:
    told = {"environment", "ticket", "run", "number", "halted_since", "phase", "cause", "code"}
    assert [line["number"] for line in story.log] == list(range(1, len(story.log) + 1))
    assert all(told <= line.keys() for line in story.log)


@pytest.mark.parametrize("asked", ASKED)
def test_status_says_how_long_it_has_waited_and_how_often_it_reminded(story: Story, asked: str) -> None:
    waited = re.compile(r"halted +for [0-9a-z.]+, reminded \d+ times \(last 20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ\)")
    assert waited.search(story.shown[asked]), story.shown[asked]


@pytest.mark.parametrize("asked", ASKED)
def test_programs_read_the_same(story: Story, halted_at: str, asked: str) -> None:
    standstill = story.documents[asked]["standstill"]
    assert (standstill["since"], standstill["reminders"] >= 3) == (halted_at, True)


def test_the_list_knows_the_halt_as_the_last_change(story: Story, halted_at: str) -> None:
    assert [release["changed_at"] for release in story.listed] == [halted_at]


def test_it_goes_on_as_ever_and_stands_still_no_longer(story: Story) -> None:
    assert story.ended.returncode == 0
    assert story.document_after["standstill"] is None
    assert "reminded" not in story.shown_after
