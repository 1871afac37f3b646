"""The commit that takes code back, offered to the remote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.site import Site

PUSH = ("revert", "1234", "--push", "--yes")


@pytest.fixture(name="released")
def _released(site: Site) -> Site:
    site.merge("1234", {"releases/1234-work.sh": "echo working\n"})
    told = site.client("run", "1234")
    assert told.returncode == 0, told.stderr
    return site


def _at_remote(site: Site) -> str:
    return site.ops.git("rev-parse", "main", cwd=site.ops.origin)


def _outcome(site: Site) -> Any:  # noqa: ANN401 (a document of any shape)
    return json.loads(site.client("-o", "json", "status", "1234").stdout)["revert"]


def _reject_every_push(site: Site) -> None:
    hook = site.ops.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)


def test_without_push_the_remote_hears_nothing(released: Site) -> None:
    merge = _at_remote(released)
    released.client("revert", "1234", "--yes")
    assert _at_remote(released) == merge


def test_with_push_the_remote_has_the_commit(released: Site) -> None:
    told = released.client(*PUSH)
    assert told.returncode == 0, told.stderr
    assert _at_remote(released) == released.ops.head()
    assert _outcome(released)["pushed"] is True


def test_the_commit_that_takes_a_revert_back_is_pushed_too(released: Site) -> None:
    for _ in ("there", "back"):
        told = released.client(*PUSH)
        assert told.returncode == 0, told.stderr
    assert _at_remote(released) == released.ops.head()


def test_a_remote_that_has_moved_on_refuses_the_push_beforehand(released: Site) -> None:
    released.merge("1240", {"docs/later.md": "later\n"})
    refusal = released.refuses(*PUSH)
    assert refusal.reason == "push_impossible"
    assert "origin/main has commits that are not checked out here" in refusal.message


def test_a_remote_that_rejects_the_commit_does_not_undo_the_revert(released: Site) -> None:
    before = released.git("rev-parse", "HEAD^1^{tree}")
    _reject_every_push(released)
    told = released.client(*PUSH)
    assert told.returncode == 0, told.stderr
    assert released.git("rev-parse", "HEAD^{tree}") == before


def test_that_it_was_not_pushed_is_said_at_the_end(released: Site) -> None:
    _reject_every_push(released)
    assert "not pushed" in released.client(*PUSH, "--quiet").stdout


def test_why_it_was_not_pushed_is_kept(released: Site) -> None:
    _reject_every_push(released)
    released.client(*PUSH)
    outcome = _outcome(released)
    assert outcome["pushed"] is False
    assert "main is protected" in outcome["push_failed"]
