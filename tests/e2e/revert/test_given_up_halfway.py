"""A revert that was given up when the code was back already, and the record did not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.site import Site

SCRIPT = {"releases/1234-work.sh": "echo working\n", "docs/a.md": "bad\n"}
CAREFUL = {"recovery": {"on_restart": "halt"}}


@pytest.fixture(name="given_up")
def _given_up(tmp_path: Path) -> Iterator[Site]:
    """Give an environment whose checkout stands at a revert commit that the record knows nothing of."""
    sites = BareSites.create(tmp_path / "bare", {"careful": CAREFUL})
    daemon = sites.daemon()
    try:
        daemon.start(fault="after-effect:revert.code")
        site = sites.site("careful")
        site.merge("1234", SCRIPT)
        assert site.client("run", "1234").returncode == 0
        site.client("revert", "1234", "--yes", "--detach")
        daemon.wait_dead()
        daemon.start()
        given_up = site.client("lock", "release", "--reason", "never mind", "--yes")
        assert given_up.returncode == 0, given_up.stderr
        yield site
        daemon.end()
    finally:
        sites.cleanup()


def test_it_is_taken_up_by_the_next_revert(given_up: Site) -> None:
    assert given_up.git("log", "-1", "--format=%s") == "Take back the release of ticket 1234"
    base = given_up.git("rev-parse", "HEAD^1^1")

    told = given_up.client("revert", "1234", "--yes")

    assert told.returncode == 0, told.stderr
    assert given_up.git("rev-parse", "HEAD^{tree}") == given_up.git("rev-parse", f"{base}^{{tree}}")
    assert given_up.document("status", "1234")["summary"]["state"] == "reverted"


def test_a_commit_of_a_person_on_top_of_it_is_still_in_the_way(given_up: Site) -> None:
    given_up.git("commit", "--quiet", "--allow-empty", "-m", "Work of my own")
    (given_up.ops.checkout / "mine.md").write_text("mine\n")
    given_up.git("add", "mine.md")
    given_up.git("commit", "--quiet", "-m", "More of it")

    assert given_up.refuses("revert", "1234", "--yes").reason == "checkout_moved_on"


def test_what_it_took_back_is_held_as_bad(given_up: Site) -> None:
    given_up.merge("1240", {"releases/1240-fix.sh": "echo fixing\n"})

    assert given_up.refuses("run", "1240").reason == "brings_back_reverted"
