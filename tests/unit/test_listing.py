"""Long lists in messages are shortened; short ones are whole."""

from __future__ import annotations

from released.domain.listing import lines, shortened


def test_a_list_that_fits_is_whole() -> None:
    assert shortened(["a", "b"], at_most=2) == ["a", "b"]


def test_of_a_long_list_the_first_are_named_and_the_others_counted() -> None:
    assert shortened(["a", "b", "c", "d"], at_most=2) == ["a", "b", "… and 2 more"]


def test_each_line_is_indented() -> None:
    assert lines(["a", "b", "c"], at_most=1) == "  a\n  … and 2 more"
