"""A range of commits that cannot be released, or needs nothing (spec: prepare, 3 and 4)."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.bare_sites import BareSites
    from support.daemon_process import Daemon
    from support.site import Site
    from support.stack import Stack

SCRIPT = '#!/bin/sh\necho "hello from $0 for $TICKET"\n'


# --- nothing to release ------------------------------------------------------------------------------------------


def test_a_pull_by_hand_is_refused_with_both_exact_ways_back_to_the_commit_before(site: Site) -> None:
    before = site.ops.head()
    site.merge("2001", {"releases/2001-hello.sh": SCRIPT})
    site.git("pull", "--quiet", "--ff-only")

    refusal = site.refuses("run", "2001")

    assert refusal.reason == "nothing_to_release"
    assert refusal.text.startswith("[ERROR] already up-to-date with origin/main — nothing to release")
    assert f"git -C {site.ops.checkout} reset --hard {before}" in refusal.text
    assert refusal.next == (
        ("git", "-C", str(site.ops.checkout), "reset", "--hard", before),
        ("releasectl", "run", "2001", "--base", before),
    )


def test_a_branch_that_is_up_to_date_without_any_pull_is_refused_with_no_way_back_made_up(site: Site) -> None:
    refusal = site.refuses("run", "2002")

    assert refusal.reason == "nothing_to_release"
    assert refusal.text == (
        "[ERROR] already up-to-date with origin/main — nothing to release. Is the pull request merged?\n"
    )


def test_the_reset_that_a_refusal_names_makes_the_next_run_succeed(bare_site: Site) -> None:
    merge = bare_site.merge("2003", {"releases/2003-hello.sh": SCRIPT})
    bare_site.git("pull", "--quiet", "--ff-only")
    way_back = bare_site.refuses("run", "2003").next[0]

    bare_site.git(*way_back[1:])
    finished = bare_site.client("run", "2003")

    assert finished.returncode == 0, finished.stderr
    assert bare_site.ops.head() == merge
    assert "hello from" in bare_site.client("logs", "2003").stdout


def test_the_base_that_a_refusal_names_makes_the_next_run_succeed_where_the_checkout_stands(bare_site: Site) -> None:
    before = bare_site.ops.head()
    merge = bare_site.merge("2004", {"releases/2004-hello.sh": SCRIPT})
    bare_site.git("pull", "--quiet", "--ff-only")
    way_without = bare_site.refuses("run", "2004").next[1]

    finished = bare_site.client(*way_without[1:])

    assert finished.returncode == 0, finished.stderr
    assert f"BASE_SHA={before}\nMERGE_SHA={merge}\n" in bare_site.derived("2004", "env")
    assert "hello from" in bare_site.client("logs", "2004").stdout


def test_the_last_released_commit_is_the_way_back_when_the_reflog_knows_none(bare_site: Site) -> None:
    released = bare_site.merge("2005", {"releases/2005-hello.sh": SCRIPT})
    assert bare_site.client("run", "2005").returncode == 0
    bare_site.merge("2006", {"releases/2006-hello.sh": SCRIPT})
    bare_site.git("pull", "--quiet", "--ff-only")
    bare_site.git("reflog", "expire", "--expire=now", "HEAD")

    refusal = bare_site.refuses("run", "2006")

    assert refusal.next[0][-3:] == ("reset", "--hard", released)


def test_a_last_released_commit_that_the_repository_lost_does_not_hide_the_reflog(bare_site: Site) -> None:
    bare_site.merge("2007", {"releases/2007-hello.sh": SCRIPT})
    assert bare_site.client("run", "2007").returncode == 0
    before = _rewrite_history(bare_site)
    bare_site.merge("2008", {"releases/2008-hello.sh": SCRIPT})
    bare_site.git("pull", "--quiet", "--ff-only")

    refusal = bare_site.refuses("run", "2008")

    assert refusal.reason == "nothing_to_release"
    assert refusal.next[0][-3:] == ("reset", "--hard", before)


# --- the base ----------------------------------------------------------------------------------------------------


def test_a_base_that_is_no_ancestor_is_refused_and_both_commits_are_named(site: Site) -> None:
    merge = site.merge("2010", {"packages/web/src/www/version": "web 2\n"})
    site.git("fetch", "--quiet")

    refusal = site.refuses("run", "2010", "--base", merge)

    assert refusal.reason == "base_not_ancestor"
    assert f"{merge} is not an ancestor of HEAD ({site.ops.head()})" in refusal.message


def test_a_base_that_the_repository_does_not_have_is_refused_and_named(site: Site) -> None:
    site.merge("2011", {"packages/web/src/www/version": "web 2\n"})

    refusal = site.refuses("run", "2011", "--base", "1" * 40)

    assert refusal.reason == "base_unknown"
    assert f"has no commit {'1' * 40}" in refusal.message


# --- scripts of other tickets ------------------------------------------------------------------------------------


def test_scripts_of_other_tickets_in_the_range_are_refused_by_name_with_the_command_that_takes_them_along(
    site: Site,
) -> None:
    site.merge("2020", {"releases/2020-mine.sh": SCRIPT})
    site.merge("2021", {"releases/2021-theirs.sh": SCRIPT})
    site.merge("2022", {"releases/2022-theirs.sh": SCRIPT})

    refusal = site.refuses("run", "2020")

    assert refusal.reason == "foreign_scripts"
    assert "releases/2021-theirs.sh, releases/2022-theirs.sh" in refusal.message
    assert refusal.next == (("releasectl", "run", "2020", "--with", "2021", "--with", "2022"),)


def test_the_command_of_that_refusal_takes_the_scripts_along_and_runs_them_in_name_order(bare_site: Site) -> None:
    bare_site.merge("2023", {"releases/2023-mine.sh": SCRIPT})
    bare_site.merge("2024", {"releases/2024-theirs.sh": SCRIPT})
    command = bare_site.refuses("run", "2023").next[0]

    finished = bare_site.client(*command[1:])

    assert finished.returncode == 0, finished.stderr
    printed = [line for line in bare_site.client("logs", "2023").stdout.splitlines() if "hello from" in line]
    assert [line.partition("releases/")[2] for line in printed] == [
        "2023-mine.sh for 2023",
        "2024-theirs.sh for 2023",
    ]


def test_a_script_that_a_longer_known_ticket_also_matches_is_refused_and_both_tickets_are_named(site: Site) -> None:
    site.merge("2025-2", {"docs/known.md": "this ticket is known from now on\n"})
    assert site.client("run", "2025-2").returncode == 5
    site.merge("2025", {"releases/2025-2-whose.sh": SCRIPT})

    refusal = site.refuses("run", "2025")

    assert refusal.reason == "script_ambiguous"
    assert "releases/2025-2-whose.sh matches ticket 2025 and the longer ticket 2025-2" in refusal.message


# --- paths that no rule matches ----------------------------------------------------------------------------------


def test_paths_that_no_rule_matches_are_refused_by_name_where_the_configuration_says_so(bare_sites: BareSites) -> None:
    strict = bare_sites.site("strict")
    strict.merge("2030", {"shared/theme/a.css": "a\n", "tools/b.py": "b\n", "docs/c.md": "c\n"})

    refusal = strict.refuses("run", "2030")

    assert refusal.reason == "unmatched_paths"
    assert "affect: shared/theme/a.css, tools/b.py. Map them under 'paths'" in refusal.message


# --- nothing to do -----------------------------------------------------------------------------------------------


def test_a_range_that_affects_nothing_ends_as_nothing_to_do_with_every_path_and_why(site: Site) -> None:
    site.merge("2040", {"docs/a.md": "a\n", "shared/theme/b.css": "b\n", "recovery/playbooks/release-c.yaml": "[]\n"})
    before = site.snapshot()

    finished = site.client("run", "2040")

    after = site.snapshot()
    assert finished.returncode == 5
    assert "The checkout has not moved." in finished.stdout
    assert "  docs/a.md: documentation\n" in finished.stdout
    assert "  shared/theme/b.css: no rule matches it\n" in finished.stdout
    assert "  recovery/playbooks/release-c.yaml: a playbook: affects no service\n" in finished.stdout
    assert (after.head, after.refs, after.reflog) == (before.head, before.refs, before.reflog)
    assert after.containers == before.containers


def test_nothing_to_do_is_logged_as_a_prepare_that_is_done_with_code_5(site: Site) -> None:
    site.merge("2041", {"docs/a.md": "a\n"})

    finished = site.client("-o", "json", "run", "2041")

    assert (finished.returncode, json.loads(finished.stdout)["exit_code"]) == (5, 5)
    *_, last = site.derived("2041", "log").splitlines()
    assert last.endswith(" ticket=2041 phase=prepare event=done rc=5")


@pytest.fixture(name="mended_daemon")
def _mended_daemon(running_stack: Stack, stack_daemon: Daemon) -> Iterator[Daemon]:
    """Give the daemon to be stopped and started anew; its configuration is put back at the end."""
    config: Path = running_stack.config
    first = config.read_text(encoding="utf-8")
    yield stack_daemon
    stack_daemon.end()
    config.write_text(first, encoding="utf-8")
    stack_daemon.start()


def test_a_second_run_after_the_classification_was_mended_finds_the_change_again(
    site: Site, mended_daemon: Daemon, running_stack: Stack
) -> None:
    before = site.container_ids()
    merge = site.merge("2042", {"shared/theme/b.css": "b\n"})
    assert site.client("run", "2042").returncode == 5

    mended_daemon.stop()
    _map_paths(running_stack.config, {"shared/theme/**": ["front"]})
    mended_daemon.start()
    finished = site.client("run", "2042")

    assert finished.returncode == 0, finished.stderr
    assert site.ops.head() == merge
    assert [name for name, one in site.container_ids().items() if before[name] != one] == ["front"]


def _map_paths(config: Path, paths: dict[str, list[str]]) -> None:
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    document["environments"]["prod"]["paths"] = paths
    config.write_text(yaml.safe_dump(document), encoding="utf-8")


def _rewrite_history(site: Site) -> str:
    """Let origin and checkout begin anew with one commit; return it. All that was before is gone for good."""
    ops = site.ops
    ops.git("checkout", "--quiet", "--orphan", "anew", cwd=ops.developer)
    ops.git("commit", "--quiet", "-m", "All begins anew", cwd=ops.developer)
    ops.git("branch", "--quiet", "--force", "--move", "anew", "main", cwd=ops.developer)
    ops.git("push", "--quiet", "--force", "origin", "main", cwd=ops.developer)
    shutil.rmtree(ops.checkout)
    ops.git("clone", "--quiet", str(ops.origin), str(ops.checkout), cwd=ops.developer)
    return ops.head()
