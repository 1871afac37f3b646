"""A checkout that stands at the merge although the step that moves it failed: resuming concludes the move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.bare_environment import BareEnvironment

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = "#!/bin/sh\necho done\n"
IN_THE_WAY = "notes.md"


def test_a_checkout_that_stands_at_the_merge_after_its_move_failed_is_resumed_to_the_end(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        merge = _failed_move(environment)
        _move_by_hand(environment)
        finished = environment.client("resume", "1234", "--reason", "mended")
        assert (finished.returncode, environment.ops.head()) == (0, merge), finished.stderr


def test_a_later_commit_is_taken_up_from_where_the_failed_move_left_the_checkout(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        _failed_move(environment)
        _move_by_hand(environment)
        fix = environment.ops.commit({"docs/fix.md": "mended\n"}, "A fix")
        finished = environment.client("run", "1234", "--from=prepare", "--reason", "a fix came")
        assert (finished.returncode, environment.ops.head()) == (0, fix), finished.stderr


def test_a_checkout_that_stands_elsewhere_after_its_move_failed_is_not_resumed(tmp_path: Path) -> None:
    with BareEnvironment(tmp_path) as environment:
        _failed_move(environment)
        environment.ops.git("commit", "--quiet", "--allow-empty", "-m", "Work in between")
        refused = environment.client("resume", "1234", "--reason", "mended")
        assert refused.returncode == 3
        assert "somebody moved the checkout" in refused.stderr


def _failed_move(environment: BareEnvironment) -> str:
    """Let the move fail at an ignored file; return the commit that was to be reached."""
    ops = environment.ops
    (ops.checkout / ".git/info/exclude").write_text(f"{IN_THE_WAY}\n", encoding="utf-8")
    (ops.checkout / IN_THE_WAY).write_text("mine\n", encoding="utf-8")
    merge = ops.merge_pull_request("ticket-1234", {"releases/1234-a.sh": SCRIPT, IN_THE_WAY: "theirs\n"}, "1234")
    failed = environment.client("run", "1234")
    assert failed.returncode == 1, failed.stderr
    return merge


def _move_by_hand(environment: BareEnvironment) -> None:
    (environment.ops.checkout / IN_THE_WAY).unlink()
    environment.ops.git("pull", "--quiet", "--ff-only")
