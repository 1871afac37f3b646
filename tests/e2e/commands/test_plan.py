"""What a run would do, and a run that is held to what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.bare_sites import BareSites

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.site import Refusal, Site

SCRIPT = "#!/bin/sh\n"


@pytest.fixture(name="merged")
def _merged(site: Site) -> str:
    """Merge ticket 1000, which has a script; give the merge commit."""
    return site.merge("1000", {"releases/1000-first.sh": SCRIPT})


def planned(site: Site, *options: str) -> Any:  # noqa: ANN401 (a document of any shape)
    return site.document("plan", "1000", *options)


# --- what it says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "usual", "detailed"),
    [({"releases/1000-first.sh": SCRIPT}, 0, 10), ({"docs/notes.md": "notes\n"}, 0, 0)],
    ids=["something to do", "nothing to do"],
)
def test_the_exit_code_tells_whether_there_is_something_to_do_where_that_is_asked_for(
    site: Site, files: dict[str, str], usual: int, detailed: int
) -> None:
    site.merge("1000", files)

    codes = [site.client("plan", "1000", *flags).returncode for flags in ([], ["--detailed-exitcode"])]

    assert codes == [usual, detailed]


def test_a_plan_of_nothing_that_could_be_released_is_refused_like_the_run(site: Site) -> None:
    refusal = site.rejects("plan", "1000", "--detailed-exitcode", code=3)

    assert refusal.reason == "nothing_to_release"


@pytest.mark.usefixtures("merged")
def test_it_is_what_a_dry_run_says(site: Site) -> None:
    assert planned(site) == site.document("run", "1000", "--dry-run")


@pytest.mark.usefixtures("merged")
def test_phases_that_are_to_be_skipped_are_not_in_it(site: Site) -> None:
    phases = planned(site, "--skip", "ticket", "--skip", "verify", "--reason", "done by hand")["phases"]

    assert [phase["phase"] for phase in phases] == ["prepare", "migrate"]


@pytest.mark.usefixtures("merged")
def test_it_changes_nothing_and_leaves_nothing(site: Site) -> None:
    before, log = site.snapshot(), site.log()

    assert site.client("plan", "1000").returncode == 0

    assert (site.snapshot(), site.log()) == (before, log)
    assert not (site.ops.checkout / ".asd").exists()


# --- held to it --------------------------------------------------------------------------------------------------


def test_a_run_goes_as_it_was_planned(site: Site, merged: str) -> None:
    finished = site.client("run", "1000", "--plan", planned(site)["plan_hash"])

    assert finished.returncode == 0, finished.stderr
    assert site.ops.head() == merged


@pytest.mark.usefixtures("merged")
def test_a_run_is_refused_once_the_remote_has_moved(site: Site) -> None:
    looked_at = planned(site)["plan_hash"]
    site.merge("later", {"docs/later.md": "later\n"})

    refusal = site.refuses("run", "1000", "--plan", looked_at)

    assert refusal.reason == "plan_stale"
    assert refusal.message.startswith(
        f"The plan is not {looked_at} any more but {planned(site)['plan_hash']}: the remote"
    )
    assert refusal.next == (("releasectl", "plan", "1000", "--env", site.name),)


@pytest.mark.usefixtures("merged")
def test_looking_again_keeps_the_options_that_were_typed(site: Site) -> None:
    options = ("--skip", "ticket", "--with", "1001", "--verify-all", "--reason", "done by hand")

    refusal = site.refuses("run", "1000", "--plan", "0123456789abcdef", *options)

    again = ("releasectl", "plan", "1000", "--skip", "ticket", "--with", "1001", "--verify-all", "--reason", "<why>")
    assert refusal.next[0][: len(again)] == again
    assert site.client(*(word.strip("<>") for word in refusal.next[0][1:])).returncode == 0


@pytest.mark.usefixtures("merged")
def test_a_revert_that_is_held_to_another_plan_says_how_to_look_again(site: Site) -> None:
    assert site.client("run", "1000").returncode == 0

    refusal = site.refuses("revert", "1000", "--yes", "--skip-data", "--plan", "0123456789abcdef")

    assert refusal.reason == "plan_stale"
    assert refusal.next[0][:5] == ("releasectl", "revert", "1000", "--dry-run", "--skip-data")


# --- the configuration -------------------------------------------------------------------------------------------


@pytest.fixture(name="alone")
def _alone(tmp_path: Path) -> Iterator[BareSites]:
    sites = BareSites.create(tmp_path, {"prod": {}})
    try:
        yield sites
    finally:
        sites.cleanup()


@pytest.fixture(name="daemon")
def _daemon(alone: BareSites) -> Iterator[Daemon]:
    daemon = alone.daemon()
    daemon.start()
    yield daemon
    daemon.end()


def test_a_run_is_refused_once_the_configuration_has_changed(alone: BareSites, daemon: Daemon) -> None:
    site = alone.site("prod")
    site.merge("1000", {"releases/1000-first.sh": SCRIPT})
    looked_at = planned(site)["plan_hash"]
    daemon.stop()
    _configure(alone, verify={"budget": "5m"})
    daemon.start()

    refusal: Refusal = site.refuses("run", "1000", "--plan", looked_at)

    assert refusal.reason == "plan_stale"


def _configure(sites: BareSites, **settings: object) -> None:
    configuration = yaml.safe_load(sites.config.read_text(encoding="utf-8"))
    configuration["environments"]["prod"] |= settings
    sites.config.write_text(yaml.safe_dump(configuration), encoding="utf-8")
