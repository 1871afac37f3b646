"""Nothing is forgotten: a failure that no playbook told of asks for one once it is over, and is drafted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from support.site import Site

APPLY = ("playbook", "apply")
UNLESS_MENDED = """\
#!/bin/sh
. ./.env
[ -e .asd/mended ] || { echo "the moon of 1234 stands wrong: $MOON_TOKEN"; exit 3; }
"""
SECRET = "hunter2-hunter2"  # noqa: S105 (one that is to be masked)


class Strange(NamedTuple):
    """A release that failed in a way that nobody had seen, and ended well."""

    site: Site
    before: str
    """Its status while it was halted."""
    ended: CompletedProcess[str]


@pytest.fixture(scope="module", name="strange")
def _strange(new_site: Callable[[], Site]) -> Strange:
    site = new_site()
    (site.ops.checkout / ".env").write_text(f"MOON_TOKEN={SECRET}\n", encoding="utf-8")
    site.merge("1234", {"releases/1234-work.sh": UNLESS_MENDED})
    assert site.client("run", "1234").returncode == 1
    site.client("playbook", "match", "1234", "--detect")
    before = site.client("status", "1234").stdout
    (site.ops.checkout / ".asd" / "mended").touch()
    ended = site.client("resume", "1234", "--reason", "turned the moon")
    assert ended.returncode == 0
    return Strange(site, before, ended)


def test_a_failure_that_no_playbook_told_of_asks_for_one_once_it_is_over(strange: Strange) -> None:
    assert "playbook new" not in strange.before
    assert "releasectl playbook new 1234" in strange.ended.stdout
    assert "releasectl playbook new 1234" in strange.site.client("status", "1234").stdout


def test_a_draft_passes_lint_tells_of_its_failure_and_holds_no_secret(strange: Strange, tmp_path: Path) -> None:
    file = tmp_path / "release-moon.yaml"

    drafted = strange.site.client("playbook", "new", "1234", "-o", str(file))

    text = file.read_text(encoding="utf-8")
    assert drafted.returncode == 0, drafted.stderr
    assert strange.site.client("playbook", "lint", str(file)).returncode == 0
    assert "the moon of <ticket> stands wrong: <secret>" in text
    assert "turned the moon" in text
    assert SECRET not in text
    assert "script-failed-1234 (1.)" in strange.site.client("playbook", "test", str(file)).stdout


def test_a_secret_stands_for_nothing_in_a_command(strange: Strange) -> None:
    refused = strange.site.client(*APPLY, "stale-credential", "1234", "--yes", "--set", f"service={SECRET}")

    assert (refused.returncode, SECRET in str(strange.site.log())) == (2, False)
    assert "holds a secret of .env" in refused.stderr


def test_a_draft_takes_the_place_of_no_file(strange: Strange, tmp_path: Path) -> None:
    file = tmp_path / "kept.yaml"
    file.write_text("mine", encoding="utf-8")

    refused = strange.site.client("playbook", "new", "1234", "-o", str(file))

    assert (refused.returncode, file.read_text(encoding="utf-8")) == (2, "mine")
