"""The ``.env`` of an ops repo: one variable changes, every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from released.domain.ops_repo import dotenv

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
    ("text", "expected"), [("", "TAG=2.0\n"), ("A=1\n", "A=1\nTAG=2.0\n"), ("A=1", "A=1\nTAG=2.0")]
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


def taken_back(text: str) -> str:
    """Set the variable, and put back what was written before."""
    former = dotenv.written_value(text, "TAG")
    if former is None:
        return dotenv.without_variable(changed(text), "TAG")
    return dotenv.with_variable(changed(text), "TAG", former)


OTHERS = st.lists(st.sampled_from(["A=1", "B='x y'", "# c", "", "  export C=3 # d", "MYTAG='1'"]), max_size=4)
WRITTEN = ["TAG=1", "TAG='1'", 'export TAG="1.0" # current', "TAG= '1'", " TAG=", "TAG= # none yet", "TAG=1\r", ""]


@given(OTHERS, st.sampled_from(WRITTEN), OTHERS, st.sampled_from(["", "\n", "\r\n"]))
def test_a_variable_that_is_set_and_put_back_leaves_every_byte_as_it_was(
    above: list[str], line: str, below: list[str], end: str
) -> None:
    text = "\n".join([*above, line, *below]) + end
    assert taken_back(text) == text


@pytest.mark.parametrize("line", WRITTEN)
def test_the_former_value_is_what_counts_again(line: str) -> None:
    assert dotenv.parse(taken_back(f"A=1\n{line}")) == dotenv.parse(f"A=1\n{line}")


@given(st.lists(st.sampled_from(["A=1", "B='x y'", "# c", "", "TAG=1", "  export C=3 # d"]), max_size=8))
def test_only_lines_of_the_variable_differ(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    kept = [line for line in lines if not line.startswith("TAG")]
    assert [line for line in changed(text).splitlines() if not line.startswith("TAG")] == kept


# --- a variable that goes ----------------------------------------------------------------------------------------


def without(text: str) -> str:
    return dotenv.without_variable(text, "TAG")


@pytest.mark.parametrize(
    "line",
    ["TAG=1\n", "TAG=\n", "TAG='1'\n", "export TAG=1\n", "  TAG = 1 # now\n", "TAG=1\r\n", "TAG='a\nb'\n", "'TAG'=1\n"],
)
@pytest.mark.parametrize("behind", ["", REST], ids=["last", "not last"])
def test_a_line_that_sets_the_variable_goes_and_all_else_stays(line: str, behind: str) -> None:
    assert without(f"{REST}{line}{behind}") == REST + behind


@pytest.mark.parametrize(
    "text", ["", REST, "#TAG=1\n", "MYTAG=1\n", "TAG\n", "NOTE='TAG=1'\n", "NOTE='a\nTAG=1\n'\n", "TAG='1\n"]
)
def test_a_file_that_does_not_set_the_variable_stays_as_it_is(text: str) -> None:
    assert without(text) == text


def test_every_line_that_sets_the_variable_goes() -> None:
    assert without("TAG=1\nA=2\nexport TAG=3\n") == "A=2\n"


def test_blank_lines_and_comments_around_the_variable_stay() -> None:
    assert without("A=1\n\n# the image\n\nTAG=1\n\n# end\n") == "A=1\n\n# the image\n\n\n# end\n"


BEFORE = {
    "empty": "",
    "one line": "A=1\n",
    "no end of the last line": "A=1",
    "a comment without end": "A=1\n# the last word",
    "blanks without end": "A=1\n  ",
    "blank lines": "\nA=1\n\n\n",
    "CRLF": "A=1\r\nB=2\r\n",
    "CRLF without end": "A=1\r\nB=2",
    "CR": "A=1\r",
    "byte order mark": "\ufeffA=1\n",
    "byte order mark alone": "\ufeff",
    "quotes": "A='x\ny' # z\nB=\"1\"\n",
    "an open quote": "A='x",
    "export": "export A=1\nexport ",
    "no assignment": "TAG",
    "all of it": REST,
}


@pytest.mark.parametrize("what", BEFORE)
def test_a_variable_that_was_added_goes_without_a_trace(what: str) -> None:
    assert without(changed(BEFORE[what])) == BEFORE[what]


@pytest.mark.parametrize("what", BEFORE)
def test_a_variable_that_was_added_is_read(what: str) -> None:
    assert dotenv.parse(changed(BEFORE[what]))["TAG"] == "2.0"


PIECE = st.sampled_from(
    ["A=1", "# c", "'", '"', "\\", "=", "export ", "B='x", " ", "\n", "\r\n", "\r", "\x0b", "\u2028"]
)


@given(st.lists(PIECE | st.text(max_size=3), max_size=8), st.sampled_from(["", "\ufeff"]))
def test_whatever_the_file_holds_what_was_added_goes_without_a_trace(pieces: list[str], mark: str) -> None:
    text = mark + "".join(pieces)
    assert without(changed(text)) == text


# --- reading -----------------------------------------------------------------------------------------------------


def test_variables_are_read_without_quotes_comments_and_export() -> None:
    text = "A=1\nexport B='x y' # c\nC=\"a\\nb\"\nD\nE=\n# F=1\n"
    assert dotenv.parse(text) == {"A": "1", "B": "x y", "C": "a\nb", "D": "", "E": ""}


def test_variables_are_not_interpolated() -> None:
    assert dotenv.parse("A=1\nB=${A}$A\n") == {"A": "1", "B": "${A}$A"}


def test_a_template_names_its_variables_in_order() -> None:
    template = "# WIKI\nWIKI_TAG=\n  export DB_PASSWORD=change-me\n#OLD=1\nnot a variable\nA1 = x\n"
    assert dotenv.names(template) == ["WIKI_TAG", "DB_PASSWORD", "A1"]
