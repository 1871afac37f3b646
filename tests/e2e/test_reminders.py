"""A release that stays halted says so: on the record, in the daemon's log, and wherever one looks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from support.bare_sites import BareSites
from support.file_watch import await_content

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.site import Site

REMINDER = b"ticket 1234 is halted and waits"
FAILS = {"releases/1234-10-fails.sh": "#!/bin/sh\ntest -e .asd/mended\n"}


@pytest.fixture(scope="module", name="sites")
def _sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSites]:
    sites = BareSites.create(tmp_path_factory.mktemp("reminders"), {"prod": {"remind": {"after": "100ms"}}})
    try:
        yield sites
    finally:
        sites.cleanup()


@pytest.fixture(scope="module", name="daemon")
def _daemon(sites: BareSites) -> Iterator[Daemon]:
    daemon = sites.daemon()
    daemon.start()
    yield daemon
    daemon.end()


@pytest.fixture(scope="module", name="log")
def _log(sites: BareSites) -> Path:
    return sites.home / "daemon.log"


@pytest.fixture(scope="module", name="site")
def _site(sites: BareSites, daemon: Daemon, log: Path) -> Site:
    """Hold a release that halted, reminded twice, and waits on under a second daemon."""
    site = sites.site("prod")
    site.merge("1234", FAILS)
    assert site.client("run", "1234").returncode == 1
    await_content(log, REMINDER, 2)
    daemon.kill()
    daemon.start()
    await_content(log, REMINDER, 3)
    return site


def events(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in site.client("-o", "jsonl", "events", "1234").stdout.splitlines()]


def test_reminders_are_counted_over_a_restart(site: Site) -> None:
    reminded = [event["data"]["number"] for event in events(site) if event["type"] == "reminded"]
    assert reminded == list(range(1, len(reminded) + 1))


@pytest.mark.usefixtures("site")
def test_the_log_has_one_line_with_fields_for_each(log: Path) -> None:
    lines = [json.loads(line) for line in log.read_text().splitlines() if REMINDER.decode() in line]
    told = {"environment", "ticket", "run", "number", "halted_since", "phase", "cause", "code"}
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(told <= line.keys() for line in lines)


@pytest.mark.parametrize("asked", [("status", "1234"), ("status",)], ids=["ticket", "environment"])
def test_status_says_how_long_it_has_waited_and_how_often_it_reminded(site: Site, asked: tuple[str, ...]) -> None:
    shown = site.client(*asked).stdout
    waited = re.compile(r"halted +for [0-9a-z.]+, reminded \d+ times \(last 20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ\)")
    assert waited.search(shown), shown


@pytest.mark.parametrize("asked", [("status", "1234"), ("status",)], ids=["ticket", "environment"])
def test_programs_read_the_same(site: Site, asked: tuple[str, ...]) -> None:
    standstill = site.document(*asked)["standstill"]
    halted = next(event["at"] for event in events(site) if event["type"] == "halted")
    assert (standstill["since"], standstill["reminders"] >= 3) == (halted, True)


def test_the_list_knows_the_halt_as_the_last_change(site: Site) -> None:
    (listed,) = site.document("list")["releases"]
    halted = next(event["at"] for event in events(site) if event["type"] == "halted")
    assert listed["changed_at"] == halted


def test_it_goes_on_as_ever_and_stands_still_no_longer(site: Site) -> None:
    (site.ops.checkout / ".asd").mkdir(exist_ok=True)
    (site.ops.checkout / ".asd" / "mended").touch()

    assert site.client("resume", "1234", "--reason", "mended").returncode == 0
    assert site.document("status", "1234")["standstill"] is None
    assert "reminded" not in site.client("status", "1234").stdout
