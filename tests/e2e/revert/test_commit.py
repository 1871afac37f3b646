"""The commit that takes code back, for every shape that the released range may have (spec: revert).

``git revert -m 1`` does that only where the range is a single merge; here the tree is always that of before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from support.ops_repo import OpsRepo
    from support.site import Site

SCRIPT = {"releases/1234-work.sh": "#!/bin/sh\necho working\n"}


def _one_commit(ops: OpsRepo) -> None:
    ops.commit({**SCRIPT, "docs/a.md": "a\n"}, "All at once")


def _many_commits(ops: OpsRepo) -> None:
    ops.commit(SCRIPT, "First")
    ops.commit({"docs/a.md": "a\n"}, "Second")
    ops.commit({"docs/a.md": "b\n", "docs/known.md": None}, "Third")


def _one_merge(ops: OpsRepo) -> None:
    ops.merge_pull_request("one", {**SCRIPT, "docs/a.md": "a\n"}, "One")


def _many_merges(ops: OpsRepo) -> None:
    ops.merge_pull_request("one", {"docs/a.md": "a\n"}, "One")
    ops.merge_pull_request("two", {"docs/a.md": "b\n", "docs/known.md": None}, "Two")
    ops.merge_pull_request("three", SCRIPT, "Three")


def _mixture(ops: OpsRepo) -> None:
    ops.commit({"docs/known.md": "changed\n"}, "A commit before")
    ops.merge_pull_request("one", {**SCRIPT, "docs/a.md": "a\n"}, "One")
    ops.commit({"docs/a.md": "b\n"}, "A commit in between")
    ops.merge_pull_request("two", {"docs/known.md": None}, "Two")
    ops.commit({"docs/c.md": "c\n"}, "A commit behind")


def _main_merged_into_a_branch(ops: OpsRepo) -> None:
    """The first parent of the merge is the branch, so that main seems to be what was merged."""
    ops.git("switch", "--quiet", "--create", "side", cwd=ops.developer)
    (ops.developer / "docs" / "side.md").write_text("side\n", encoding="utf-8")
    ops.git("add", "--all", cwd=ops.developer)
    ops.git("commit", "--quiet", "-m", "On the side", cwd=ops.developer)
    ops.git("switch", "--quiet", "main", cwd=ops.developer)
    ops.commit({**SCRIPT, "docs/known.md": "changed\n"}, "On main")
    ops.git("switch", "--quiet", "side", cwd=ops.developer)
    ops.git("merge", "--quiet", "--no-ff", "-m", "Merge main into side", "main", cwd=ops.developer)
    ops.git("push", "--quiet", "origin", "side:main", cwd=ops.developer)


SHAPES = {
    "one commit": _one_commit,
    "many commits": _many_commits,
    "one merge": _one_merge,
    "many merges": _many_merges,
    "a mixture": _mixture,
    "main merged into a branch": _main_merged_into_a_branch,
}


@dataclass(frozen=True)
class TakenBack:
    """Ticket 1234 was released, and then taken back."""

    site: Site
    base: str
    merge: str
    told: CompletedProcess[str]


@pytest.fixture(scope="module", params=SHAPES, name="taken_back")
def _taken_back(request: pytest.FixtureRequest, new_site: Callable[[], Site]) -> TakenBack:
    site = new_site()
    site.ops.commit({"docs/known.md": "known\n"}, "What was known before")
    base = _pull(site)
    SHAPES[request.param](site.ops)
    released = site.client("run", "1234")
    assert released.returncode == 0, released.stderr
    merge = site.ops.head()
    return TakenBack(site, base, merge, site.client("revert", "1234", "--yes", "--reason", "it was  bad\nindeed"))


def _pull(site: Site) -> str:
    site.git("pull", "--quiet", "--ff-only", "origin", "main")
    return site.ops.head()


def test_it_ends_well(taken_back: TakenBack) -> None:
    assert taken_back.told.returncode == 0, taken_back.told.stderr


def test_the_tree_is_exactly_that_of_before(taken_back: TakenBack) -> None:
    site, base = taken_back.site, taken_back.base
    site.git("diff", "--quiet", base, "HEAD")
    assert site.git("rev-parse", "HEAD^{tree}") == site.git("rev-parse", f"{base}^{{tree}}")


def test_it_is_one_new_commit_on_top_of_what_was_released(taken_back: TakenBack) -> None:
    assert taken_back.site.git("rev-list", "--parents", "--max-count=1", "HEAD").split()[1:] == [taken_back.merge]


def test_its_trailers_name_the_ticket_and_the_commit_whose_tree_it_has(taken_back: TakenBack) -> None:
    trailers = taken_back.site.git("log", "--max-count=1", "--format=%(trailers:only)")
    assert trailers.strip() == f"Release-Revert: 1234\nRestores-Tree: {taken_back.base}"


def test_its_message_says_what_was_taken_back_and_why(taken_back: TakenBack) -> None:
    message = taken_back.site.git("log", "--max-count=1", "--format=%B")
    assert message.startswith("Take back the release of ticket 1234\n")
    assert "\nReason: it was bad indeed\n" in message


def test_the_checkout_is_clean_and_on_its_branch(taken_back: TakenBack) -> None:
    assert taken_back.site.git("status", "--porcelain=v1", "--branch", "--untracked-files=all").splitlines()[1:] == []
    assert taken_back.site.git("symbolic-ref", "--short", "HEAD") == "main"
