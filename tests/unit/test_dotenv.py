"""The ``.env`` of an ops repo: one variable changes, every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from released.domain import dotenv

REST = "# production\nCONTAINER_PREFIX=prod-\n\n  export DB_PASSWORD='p w\\'d' # secret\n=broken line\n\tX = 1\n"


def changed(text: str) -> str:
    return dotenv.with_variable(text, "TAG", "2.0")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("TAG=1.0\n", "TAG=2.0\n"),
        ("TAG=\n", "TAG=2.0\n"),
        ("TAG='1.0'\n", "TAG=2.0\n"),
        ('TAG="1.0"\n', "TAG=2.0\n"),
        ("export TAG=1.0\n", "export TAG=2.0\n"),
        ("  export  TAG=1.0\n", "  export  TAG=2.0\n"),
        ("TAG=1.0 # current\n", "TAG=2.0 # current\n"),
        ("TAG= # none yet\n", "TAG=2.0 # none yet\n"),
        ("TAG='1 # 0' # current\n", "TAG=2.0 # current\n"),
        ("TAG=1.0\r\n", "TAG=2.0\r\n"),
        ("TAG=1.0", "TAG=2.0"),
    ],
)
def test_a_line_gets_the_new_value_and_keeps_all_else(line: str, expected: str) -> None:
    assert changed(REST + line) == REST + expected


def test_lines_behind_the_variable_stay() -> None:
    assert changed(f"TAG=1\n{REST}") == f"TAG=2.0\n{REST}"


@pytest.mark.parametrize(
    "line", ["#TAG=1.0\n", "MYTAG=1.0\n", "TAG_2=1.0\n", "NOTE='TAG=1.0'\n", "NOTE='a\nTAG=1.0\n'\n"]
)
def test_a_line_that_only_looks_like_it_stays_and_the_variable_is_added(line: str) -> None:
    assert changed(line) == f"{line}TAG=2.0\n"


@pytest.mark.parametrize(
    ("text", "expected"), [("", "TAG=2.0\n"), ("A=1\n", "A=1\nTAG=2.0\n"), ("A=1", "A=1\nTAG=2.0\n")]
)
def test_a_variable_that_the_file_lacks_is_added_on_a_line_of_its_own(text: str, expected: str) -> None:
    assert changed(text) == expected


def test_a_byte_order_mark_stays() -> None:
    assert changed("\ufeffTAG=1\n") == "\ufeffTAG=2.0\n"


def test_where_it_stands_twice_the_value_that_counts_is_the_new_one() -> None:
    assert dotenv.parse(changed("TAG=1\nA=2\nTAG=3\n")) == {"TAG": "2.0", "A": "2"}


def test_a_backslash_in_the_value_is_taken_literally() -> None:
    assert dotenv.with_variable("TAG=1\n", "TAG", r"\1\g<1>") == "TAG=" + r"\1\g<1>" + "\n"


def test_setting_the_value_that_stands_there_changes_nothing() -> None:
    text = f"{REST}TAG=2.0\n"
    assert changed(text) == text


LINE = st.one_of(
    st.text("AT=' \"#\\x\r", max_size=12), st.sampled_from(["TAG=1", "export TAG='2'", "A=1", "# TAG=3", ""])
)


@given(st.lists(LINE, max_size=6))
def test_whatever_the_file_holds_a_second_change_finds_nothing_to_do(lines: list[str]) -> None:
    once = changed("\n".join(lines))
    assert changed(once) == once


@given(st.lists(st.sampled_from(["A=1", "B='x y'", "# c", "", "TAG=1", "  export C=3 # d"]), max_size=8))
def test_only_lines_of_the_variable_differ(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    kept = [line for line in lines if not line.startswith("TAG")]
    assert [line for line in changed(text).splitlines() if not line.startswith("TAG")] == kept


def test_variables_are_read_without_quotes_comments_and_export() -> None:
    text = "A=1\nexport B='x y' # c\nC=\"a\\nb\"\nD\nE=\n# F=1\n"
    assert dotenv.parse(text) == {"A": "1", "B": "x y", "C": "a\nb", "D": "", "E": ""}


def test_variables_are_not_interpolated() -> None:
    assert dotenv.parse("A=1\nB=${A}$A\n") == {"A": "1", "B": "${A}$A"}


def test_a_template_names_its_variables_in_order() -> None:
    template = "# WIKI\nWIKI_TAG=\n  export DB_PASSWORD=change-me\n#OLD=1\nnot a variable\nA1 = x\n"
    assert dotenv.names(template) == ["WIKI_TAG", "DB_PASSWORD", "A1"]
