"""Clues are found where a word begins, and lines that somebody made long on purpose keep nobody busy."""

from __future__ import annotations

import pytest

from released.domain.diagnosis.clues import clues


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("curl: (7) Failed to connect to 127.0.0.1 port 80: refused", "127.0.0.1:80"),
        ("tcp://my-db.local:5432: Connection refused", "my-db.local:5432"),
        ("dial tcp [::1]:5432: connect: connection refused", "[::1]:5432"),
        ("ping: db.local: Temporary failure in name resolution", "db.local"),
        ("releases/1-a.sh: line 7: WIKI_KEY: unbound variable", "WIKI_KEY"),
        ("/ops/releases/1-a.sh: line 7: die: command not found", "1-a.sh: line 7"),
    ],
)
def test_the_whole_word_is_the_clue(line: str, subject: str) -> None:
    assert subject in {clue.subject for clue in clues("script_failed", (line,))}


def test_a_megabyte_of_one_letter_is_read_and_tells_nothing() -> None:
    assert clues("script_failed", ("\n".join(["a" * 1000] * 1200),)) == ()
