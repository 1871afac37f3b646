"""Which lines of a commit message are trailers."""

from __future__ import annotations

import pytest

from released.domain.revert.trailers import trailers

REVERT = "Take back 1234\n\nIt broke the wiki.\n\nRelease-Revert: 1234\nRestores-Tree: 0123abc\n"


def test_the_lines_of_the_last_paragraph_are_read() -> None:
    assert trailers(REVERT) == {"Release-Revert": "1234", "Restores-Tree": "0123abc"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", {}),
        ("Fix: the wiki", {}),
        ("Fix: the wiki\nRelease-Revert: 1", {}),
        ("Subject\n\nRelease-Revert: 1\n\nNo more.", {}),
        ("Subject\n\nRelease-Revert: 1\n(cherry picked from commit 0123abc)", {"Release-Revert": "1"}),
        ("Subject\n \t\nKey: a: b \n", {"Key": "a: b"}),
        ("Subject\n\nKey:value", {"Key": "value"}),
        ("Subject\n\nKey: first\nKey: last", {"Key": "last"}),
        ("Subject\n\nno key: value\n key: value\nkey value", {}),
    ],
)
def test_what_is_no_such_line_is_not(message: str, expected: dict[str, str]) -> None:
    assert trailers(message) == expected
