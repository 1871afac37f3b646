"""The day after: what may be released on top of a revert, pushed or not, and where the checkout then stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.hotfix import check_out_hotfix

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from support.site import Site

SCRIPT = 'echo "$0 for $TICKET"\n'
BAD = {"releases/1234-work.sh": SCRIPT, "docs/a.md": "bad\n"}
FIX = {"releases/1240-fix.sh": SCRIPT, "docs/a.md": "good\n"}
INCLUDE = ("--include-reverted", "--reason", "docs/a.md is mended")


def _done(told: CompletedProcess[str]) -> str:
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def _release(site: Site, files: dict[str, str]) -> str:
    merge = site.merge("1234", files)
    _done(site.client("run", "1234"))
    return merge


def _take_back(site: Site, *options: str) -> str:
    _done(site.client("revert", "1234", "--yes", *options))
    return site.ops.head()


def _kept(site: Site) -> list[str]:
    return site.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/released/reverts/").splitlines()


def _status(site: Site, ticket: str) -> Any:  # noqa: ANN401 (a document of any shape)
    return json.loads(_done(site.client("-o", "json", "status", ticket)))


def _in_developers_clone(site: Site, *git: str) -> None:
    site.ops.git(*git, cwd=site.ops.developer)


# --- a revert that was not pushed, and a fix on top of what was taken back ----------------------------------------


@pytest.fixture(name="unpushed")
def _unpushed(site: Site) -> Site:
    """Give an environment in which ticket 1234 is taken back, and the remote has a fix on top of it."""
    _release(site, BAD)
    _take_back(site)
    site.merge("1240", FIX)
    return site


def test_commits_that_come_back_are_refused_by_name(unpushed: Site) -> None:
    refusal = unpushed.refuses("run", "1240")
    assert refusal.reason == "brings_back_reverted"
    taken_back = unpushed.git("rev-list", "HEAD^1", "^HEAD^1^1").split()
    assert f"  of ticket 1234: {', '.join(taken_back)}\n" in refusal.message


def test_what_was_taken_back_does_not_come_back_by_itself_either(site: Site) -> None:
    _release(site, BAD)
    _take_back(site)
    assert site.refuses("run", "1234").reason == "brings_back_reverted"


def test_bringing_them_back_needs_a_reason(unpushed: Site) -> None:
    assert unpushed.refuses("run", "1240", "--include-reverted", code=2).reason == "reason_missing"


def test_the_script_that_comes_back_is_the_script_of_another_ticket(unpushed: Site) -> None:
    refusal = unpushed.refuses("run", "1240", *INCLUDE)
    assert refusal.reason == "foreign_scripts"
    assert "releases/1234-work.sh" in refusal.message


def test_the_commands_of_the_refusals_lead_to_the_release(unpushed: Site) -> None:
    bring_back = unpushed.refuses("run", "1240").next[0]
    take_along = unpushed.refuses(*_with_a_reason(bring_back)).next[0]
    _done(unpushed.client(*_with_a_reason(take_along)))


def _with_a_reason(command: tuple[str, ...]) -> list[str]:
    """Type a command as it is shown, but for the reason: that is put where it belongs."""
    return ["the fix is in it" if word == "<what mends them>" else word for word in command[1:]]


def test_the_fix_is_released_with_all_that_comes_back(unpushed: Site) -> None:
    _done(unpushed.client("run", "1240", *INCLUDE, "--with", "1234"))
    assert unpushed.ops.head() == unpushed.ops.git("rev-parse", "main", cwd=unpushed.ops.origin)
    assert (unpushed.ops.checkout / "docs/a.md").read_text() == "good\n"


def test_the_scripts_that_come_back_are_run_for_the_ticket_that_takes_them_along(unpushed: Site) -> None:
    _done(unpushed.client("run", "1240", *INCLUDE, "--with", "1234"))
    printed = [line.rpartition("/")[2] for line in unpushed.client("logs", "1240").stdout.splitlines()]
    assert [line for line in printed if " for " in line] == ["1234-work.sh for 1240", "1240-fix.sh for 1240"]


def test_the_revert_commit_is_kept_under_a_ref_of_ours(unpushed: Site) -> None:
    revert = unpushed.ops.head()
    _done(unpushed.client("run", "1240", *INCLUDE, "--with", "1234"))
    assert _kept(unpushed) == [f"refs/released/reverts/{revert} {revert}"]


def test_that_they_come_back_is_shown_wherever_the_release_is_shown(unpushed: Site) -> None:
    _done(unpushed.client("run", "1240", *INCLUDE, "--with", "1234"))
    overrides = {one["kind"]: one for one in _status(unpushed, "1240")["overrides"]}
    assert overrides["include_reverted"]["reason"] == "docs/a.md is mended"


def test_the_same_ticket_is_released_again_as_run_2(unpushed: Site) -> None:
    unpushed.merge("1234-again", {"docs/a.md": "better\n"})
    _done(unpushed.client("run", "1234", *INCLUDE, "--with", "1240"))
    summary = _status(unpushed, "1234")["summary"]
    assert (summary["run"], summary["state"], summary["merge_sha"]) == (2, "released", unpushed.ops.head())


def test_what_was_released_on_top_of_a_revert_is_taken_back_to_it(unpushed: Site) -> None:
    revert = unpushed.ops.head()
    _done(unpushed.client("run", "1240", *INCLUDE, "--with", "1234"))
    _done(unpushed.client("revert", "1240", "--yes"))
    unpushed.git("diff", "--quiet", revert, "HEAD")
    assert unpushed.git("log", "-1", "--format=%(trailers:key=Restores-Tree,valueonly)").strip() == revert


def test_reverts_on_reverts_hold_what_each_of_them_took_back(unpushed: Site) -> None:
    _done(unpushed.client("run", "1240", *INCLUDE, "--with", "1234"))
    _done(unpushed.client("revert", "1240", "--yes"))
    unpushed.merge("1250", {"releases/1250-more.sh": SCRIPT})
    refusal = unpushed.refuses("run", "1250")
    assert refusal.reason == "brings_back_reverted"
    assert ("of ticket 1234: " in refusal.message, "of ticket 1240: " in refusal.message) == (True, True)


def test_after_reverts_on_reverts_the_next_fix_is_released(unpushed: Site) -> None:
    _done(unpushed.client("run", "1240", *INCLUDE, "--with", "1234"))
    _done(unpushed.client("revert", "1240", "--yes"))
    tip = unpushed.merge("1250", {"releases/1250-more.sh": SCRIPT})
    _done(unpushed.client("run", "1250", *INCLUDE, "--with", "1234", "--with", "1240"))
    assert unpushed.ops.head() == tip


# --- a remote that took what was bad out by itself ----------------------------------------------------------------


@pytest.fixture(name="taken_back_upstream")
def _taken_back_upstream(site: Site) -> Site:
    """Give an environment in which ticket 1234 is taken back, and a developer took it back for himself."""
    merge = _release(site, BAD)
    _take_back(site)
    site.merge("1239", {"docs/b.md": "in between\n"})
    _in_developers_clone(site, "revert", "--no-edit", "-m", "1", merge)
    return site


def test_commits_that_upstream_took_back_itself_do_not_come_back(taken_back_upstream: Site) -> None:
    tip = taken_back_upstream.merge("1260", {"releases/1260-else.sh": SCRIPT})
    _done(taken_back_upstream.client("run", "1260"))
    assert taken_back_upstream.ops.head() == tip
    assert _status(taken_back_upstream, "1260")["overrides"] == []


def test_commits_that_upstream_took_back_and_brought_again_come_only_where_that_is_said(
    taken_back_upstream: Site,
) -> None:
    _in_developers_clone(taken_back_upstream, "revert", "--no-edit", "HEAD")
    taken_back_upstream.merge("1240", FIX)
    refusal = taken_back_upstream.refuses("run", "1240")
    assert refusal.reason == "brings_back_reverted"
    assert "These paths do not:\n  docs/a.md\n  releases/1234-work.sh\n" in refusal.message


def test_whether_a_change_after_upstreams_revert_is_good_is_not_guessed(taken_back_upstream: Site) -> None:
    taken_back_upstream.merge("1240", FIX)
    refusal = taken_back_upstream.refuses("run", "1240")
    assert refusal.reason == "brings_back_reverted"
    assert "would count as taken back if all that they changed stood as before" in refusal.message
    assert "These paths do not:\n  docs/a.md\nWhere" in refusal.message


def test_commits_that_upstream_threw_away_do_not_come_back(site: Site) -> None:
    _release(site, BAD)
    _take_back(site)
    _in_developers_clone(site, "reset", "--quiet", "--hard", "HEAD^1")
    _in_developers_clone(site, "push", "--quiet", "--force", "origin", "main")
    tip = site.merge("1260", {"releases/1260-else.sh": SCRIPT})
    _done(site.client("run", "1260"))
    assert site.ops.head() == tip


# --- a revert that was pushed -------------------------------------------------------------------------------------


@pytest.fixture(name="pushed")
def _pushed(site: Site) -> Site:
    """Give an environment in which ticket 1234 is taken back, and the developers know."""
    _release(site, BAD)
    _take_back(site, "--push")
    _in_developers_clone(site, "pull", "--quiet", "--ff-only", "origin", "main")
    return site


def test_a_fix_that_has_nothing_to_do_with_it_is_released(pushed: Site) -> None:
    tip = pushed.merge("1241", {"releases/1241-else.sh": SCRIPT})
    _done(pushed.client("run", "1241"))
    assert pushed.ops.head() == tip
    assert not (pushed.ops.checkout / "docs/a.md").exists()


def test_a_fix_that_takes_the_revert_back_is_released(pushed: Site) -> None:
    _in_developers_clone(pushed, "revert", "--no-edit", "HEAD")
    tip = pushed.ops.commit({"docs/a.md": "good\n"}, "Mend it")
    _done(pushed.client("run", "1234"))
    assert pushed.ops.head() == tip
    assert (pushed.ops.checkout / "docs/a.md").read_text() == "good\n"


def test_a_pushed_revert_needs_no_ref_of_ours(pushed: Site) -> None:
    pushed.merge("1241", {"releases/1241-else.sh": SCRIPT})
    _done(pushed.client("run", "1241"))
    assert _kept(pushed) == []


# --- a hotfix on top of a revert ----------------------------------------------------------------------------------


@pytest.fixture(name="reverted", params=[(), ("--push",)], ids=["not pushed", "pushed"])
def _reverted(request: pytest.FixtureRequest, site: Site) -> Site:
    """Give an environment in which ticket 1200 is deployed, and ticket 1234 was and is taken back."""
    site.merge("1200", {"releases/1200-first.sh": SCRIPT})
    _done(site.client("run", "1200"))
    _release(site, BAD)
    _take_back(site, *request.param)
    return site


@pytest.mark.parametrize("pushed", [False, True], ids=["branch unknown to the remote", "branch known to the remote"])
def test_a_hotfix_on_top_of_a_revert_is_counted_from_it(reverted: Site, pushed: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    revert = reverted.ops.head()
    tip = check_out_hotfix(reverted, FIX, pushed=pushed)
    _done(reverted.client("run", "1240", "--allow-branch"))
    assert f"BASE_SHA={revert}\nMERGE_SHA={tip}\n" in reverted.derived("1240", "env")


def test_a_hotfix_from_before_the_bad_release_is_counted_from_what_the_revert_brought_back(reverted: Site) -> None:
    good = reverted.git("rev-parse", "HEAD^1^1")
    reverted.git("checkout", "--quiet", "--detach", good)
    tip = check_out_hotfix(reverted, FIX)
    _done(reverted.client("run", "1240", "--allow-branch"))
    assert f"BASE_SHA={good}\nMERGE_SHA={tip}\n" in reverted.derived("1240", "env")


def test_a_hotfix_on_top_of_the_bad_commits_is_refused_by_their_names(reverted: Site) -> None:
    bad = reverted.git("rev-parse", "HEAD^1")
    reverted.git("checkout", "--quiet", "--detach", bad)
    check_out_hotfix(reverted, FIX)
    refusal = reverted.refuses("run", "1240", "--allow-branch")
    assert refusal.reason == "brings_back_reverted"
    assert f"  of ticket 1234: {bad}" in refusal.message


# --- a pull by hand after a revert --------------------------------------------------------------------------------


@pytest.mark.parametrize("reverted", [("--push",)], indirect=True)
def test_the_way_back_from_a_pull_by_hand_ends_at_the_revert(reverted: Site) -> None:
    revert = reverted.ops.head()
    _in_developers_clone(reverted, "pull", "--quiet", "--ff-only", "origin", "main")
    reverted.merge("1241", {"releases/1241-else.sh": SCRIPT})
    reverted.git("pull", "--quiet", "--ff-only")
    reset, base = reverted.refuses("run", "1241").next
    assert (reset[-1], base[3:5]) == (revert, ("--base", revert))
    _done(reverted.client(*base[1:]))


def test_a_checkout_that_threw_the_revert_away_is_taken_back_to_it(unpushed: Site) -> None:
    revert = unpushed.ops.head()
    unpushed.git("fetch", "--quiet")
    unpushed.git("reset", "--quiet", "--hard", "HEAD^1")
    unpushed.git("merge", "--quiet", "--ff-only", "origin/main")
    refusal = unpushed.refuses("run", "1240")
    assert refusal.next == (("git", "-C", str(unpushed.ops.checkout), "reset", "--hard", revert),)
    unpushed.git(*refusal.next[0][3:])
    assert unpushed.refuses("run", "1240").reason == "brings_back_reverted"


# --- commits of a person ------------------------------------------------------------------------------------------


def _commit_by_hand(site: Site) -> str:
    site.git("commit", "--quiet", "--allow-empty", "-m", "Work of my own")
    return site.ops.head()


def test_a_persons_commit_that_was_not_pushed_has_diverged(site: Site) -> None:
    mine = _commit_by_hand(site)
    site.merge("1241", {"releases/1241-else.sh": SCRIPT})
    refusal = site.refuses("run", "1241")
    assert refusal.reason == "diverged"
    assert f"  only here: {mine[:12]} Work of my own (Dana Developer)\n" in refusal.message


def test_a_persons_commit_on_top_of_a_revert_has_diverged(unpushed: Site) -> None:
    mine = _commit_by_hand(unpushed)
    refusal = unpushed.refuses("run", "1240", *INCLUDE, "--with", "1234")
    assert refusal.reason == "diverged"
    assert f"  only here: {mine[:12]} Work of my own (Dana Developer)\n" in refusal.message


def test_a_persons_commit_that_claims_to_be_a_revert_has_diverged(unpushed: Site) -> None:
    (unpushed.ops.checkout / "mine.md").write_text("mine\n")
    unpushed.git("add", "mine.md")
    restored = unpushed.git("log", "-1", "--format=%(trailers:key=Restores-Tree,valueonly)").strip()
    unpushed.git("commit", "--quiet", "-m", f"Mine\n\nRelease-Revert: 1234\nRestores-Tree: {restored}")
    assert unpushed.refuses("run", "1240", *INCLUDE, "--with", "1234").reason == "diverged"
