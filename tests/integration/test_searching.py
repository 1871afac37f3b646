"""Patterns of playbooks are looked for beside the daemon, which goes on whatever they are."""

from __future__ import annotations

import pytest

from released.adapters.commands.searching import search


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("^b.d$", True), ("^ad$", False), ("é\\s*\\u2013", True), ("(", False)],
    ids=["line", "none", "letters of all kinds", "no pattern"],
)
def test_a_pattern_is_looked_for_in_each_line(pattern: str, found: bool) -> None:  # noqa: FBT001 (a case)
    assert search(pattern, "abc\nbad\né \u2013") is found


def test_a_pattern_that_would_be_tried_for_ever_is_given_up() -> None:
    with pytest.raises(TimeoutError, match="still looked for"):
        search("(a|aa)+$", "a" * 200 + "b", timeout_s=0.5)
