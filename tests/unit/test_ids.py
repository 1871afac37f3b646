"""Names from outside are accepted whole or refused: nothing around or inside the grammar slips through."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from released.domain import ids
from released.domain.errors import InvalidInput
from released.domain.ids import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

LOWER, DIGITS, ALNUM = string.ascii_lowercase, string.digits, string.ascii_letters + string.digits
GRAMMARS: dict[str, tuple[Callable[[str], str], str, str, range]] = {
    "ticket_invalid": (ids.parse_ticket, ALNUM, ALNUM + "._-", range(1, 65)),
    "service_invalid": (ids.parse_service, LOWER + DIGITS, LOWER + DIGITS + "._-", range(1, 65)),
    "sha_invalid": (ids.parse_sha, DIGITS + "abcdef", DIGITS + "abcdef", range(40, 41)),
    "request_id_invalid": (ids.parse_request_id, ALNUM + "._:-", ALNUM + "._:-", range(8, 129)),
}


def in_grammar(code: str, text: str) -> bool:
    """Judge a text by the grammar's letters, without a pattern."""
    _, first, others, lengths = GRAMMARS[code]
    return len(text) in lengths and text[0] in first and all(letter in others for letter in text)


def accepted(code: str, text: str) -> bool:
    """Tell whether the parser takes a text; a refusal with another parser's code counts as taken."""
    try:
        return GRAMMARS[code][0](text) == text
    except InvalidInput as refused:
        return refused.code != code


@pytest.mark.parametrize("code", GRAMMARS)
@given(data=st.data())
def test_exactly_the_grammar_is_accepted(code: str, data: st.DataObject) -> None:
    near = st.text(GRAMMARS[code][2] + "\n\0 /É", max_size=130)
    text = data.draw(st.one_of(st.text(max_size=70), near))
    assert accepted(code, text) == in_grammar(code, text)


@pytest.mark.parametrize("code", GRAMMARS)
@given(data=st.data())
def test_every_name_of_the_grammar_is_accepted(code: str, data: st.DataObject) -> None:
    _, first, others, lengths = GRAMMARS[code]
    rest = st.text(others, min_size=lengths[0] - 1, max_size=lengths[-1] - 1)
    assert accepted(code, data.draw(st.sampled_from(first)) + data.draw(rest))


@pytest.mark.parametrize("code", GRAMMARS)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda name: name + "\n",
        lambda name: name + "\0",
        lambda name: " " + name,
        lambda name: name + " ",
        lambda name: name[:-1] + "٣",  # a digit, but not one of ours
        lambda name: name[:-1] + "é",
        lambda name: "-" + name[1:] if name[0] != "-" else "",
        lambda name: name[:-1] + "/",
        lambda name: (name * 300)[:300],
        lambda _: "",
        lambda _: "..",
    ],
    ids=["newline", "NUL", "blank in front", "blank behind", "digit", "letter", "option", "path", "300", "empty", "up"],
)
def test_a_spoilt_name_is_refused(code: str, spoil: Callable[[str], str]) -> None:
    spoilt = spoil("a1" * 20)
    assert accepted(code, spoilt) == in_grammar(code, spoilt) == (code == "request_id_invalid" and spoilt[:1] == "-")


def test_a_refused_ticket_is_shown_with_the_grammar() -> None:
    with pytest.raises(InvalidInput) as caught:
        ids.parse_ticket("../1234\n")
    assert caught.value.message == (
        r"'../1234\n' is not a ticket name: expected 1 to 64 letters, digits, '.', '_' or '-', "
        "starting with a letter or digit."
    )


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_is_accepted_by_its_name(phase: Phase) -> None:
    assert ids.parse_phase(phase.value) is phase


@pytest.mark.parametrize("text", ["", "Prepare", "prepare ", "prepare\n", "PREPARE", "reverting", "halted"])
def test_what_is_no_phase_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected one of prepare, migrate, ticket, verify, revert") as caught:
        ids.parse_phase(text)
    assert caught.value.code == "phase_unknown"
