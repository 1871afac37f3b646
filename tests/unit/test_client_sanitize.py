"""Text from outside cannot steer the operator's terminal."""

from __future__ import annotations

import pytest

from releasectl.text.sanitize import clean, one_line


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b[2J\x1b[Hb", "ab"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPdevice\x1b\\after", "after"),
        ("\x9b31mred", "red"),
        ("bell\x07 back\x08 nul\x00", "bell back nul"),
        ("10%\r20%\r\nend", "10%\n20%\nend"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("tab\tand ünïcode ✓", "tab\tand ünïcode ✓"),
        ("torn \x1b[3", "torn 3"),
        ("torn \x1b", "torn "),
    ],
)
def test_control_sequences_are_taken_out(hostile: str, harmless: str) -> None:
    assert clean(hostile) == harmless


def test_an_unfinished_title_hides_no_more_than_its_line() -> None:
    assert clean("\x1b]0;hidden\nError: seen") == "\nError: seen"


def test_a_text_on_one_line_keeps_what_sets_it_off() -> None:
    assert one_line("  ▸ wikijs.pull\nmore \x1b[1m") == "  ▸ wikijs.pull more"
