"""What a script declares of itself in its header comment."""

from __future__ import annotations

import pytest

from released.domain.errors import Refused
from released.domain.ops_repo.script_header import Header, parse_header

PATH = "releases/1234-a.sh"


def test_a_full_header_is_read() -> None:
    content = b"#!/bin/bash\n# released: repeatable timeout=10m idle=2m\nset -e\n"
    assert parse_header(content, PATH) == Header(repeatable=True, timeout_s=600.0, idle_s=120.0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"#!/bin/sh\necho released: repeatable\n",
        b"# not released: repeatable\n",
        b"# released:\n",
        b"\xff\xfe\x00",
    ],
)
def test_without_a_header_nothing_is_declared(content: bytes) -> None:
    assert parse_header(content, PATH) == Header()


@pytest.mark.parametrize("content", [b"# released:\nrepeatable\n", b"#\nreleased: repeatable\n"])
def test_a_header_is_one_line(content: bytes) -> None:
    assert parse_header(content, PATH) == Header()


@pytest.mark.parametrize(
    "content", [b"#released:repeatable", b"#\treleased:   repeatable  \n", b"# released: repeatable\r\n"]
)
def test_blanks_do_not_matter(content: bytes) -> None:
    assert parse_header(content, PATH) == Header(repeatable=True)


def test_words_may_stand_in_any_order() -> None:
    assert parse_header(b"# released: idle=30s repeatable", PATH) == Header(repeatable=True, idle_s=30.0)


def test_a_header_far_down_is_none() -> None:
    assert parse_header(b"\n" * 5000 + b"# released: repeatable\n", PATH) == Header()


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("repeatible", "expected repeatable, timeout=DURATION or idle=DURATION, got 'repeatible'"),
        ("repeatable=no", "expected repeatable, timeout=DURATION or idle=DURATION, got 'repeatable=no'"),
        ("timeout", "expected a duration such as 30s, 5m or 2h, got ''"),
        ("timeout=10", "expected a duration such as 30s, 5m or 2h, got '10'"),
        ("timeout=0s", "expected a limit longer than nothing, got '0s'"),
        ("idle=-2m", "expected a duration such as 30s, 5m or 2h, got '-2m'"),
        ("Timeout=10m", "expected repeatable, timeout=DURATION or idle=DURATION, got 'Timeout=10m'"),
    ],
)
def test_a_word_that_is_not_known_is_refused_so_that_a_misspelt_limit_is_not_silently_none(
    header: str, why: str
) -> None:
    with pytest.raises(Refused) as caught:
        parse_header(f"# released: {header}".encode(), PATH)
    assert (caught.value.code, caught.value.message) == (
        "script_header_invalid",
        f"The header of {PATH} is wrong: {why}.",
    )
