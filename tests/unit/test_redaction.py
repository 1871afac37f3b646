"""Secrets are masked by value, in text and in streams alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from released.adapters.commands.shim.masker import Masker
from released.domain.redaction import Redactor, secret_values

LONG = "correct-horse"


@pytest.mark.parametrize("name", ["DB_PASSWORD", "client_secret", "ApiToken", "SSH_KEY_PATH", "AWS_CREDENTIALS"])
def test_a_telling_name_makes_its_value_secret(name: str) -> None:
    assert secret_values({name: LONG}) == (LONG,)


def test_a_plain_name_leaves_its_value_visible() -> None:
    assert secret_values({"WIKIJS_IMAGE_TAG": "2.5.300-alpine"}) == ()


def test_a_listed_name_makes_its_value_secret() -> None:
    assert secret_values({"PIN_OF_THE_DOOR": LONG}, also=["pin_of_the_door"]) == (LONG,)


def test_a_value_of_seven_characters_is_not_masked_and_one_of_eight_is() -> None:
    assert secret_values({"A_TOKEN": "1234567", "B_TOKEN": "12345678"}) == ("12345678",)


def test_secret_values_come_longest_first_and_once() -> None:
    assert secret_values({"A_KEY": "abcdefgh", "B_KEY": "abcdefghij", "C_KEY": "abcdefgh"}) == (
        "abcdefghij",
        "abcdefgh",
    )


def test_lines_of_a_secret_that_are_printed_one_by_one_are_masked_in_text_and_in_streams() -> None:
    secrets = secret_values({"TLS_KEY": "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n"})
    printed = "web | -----BEGIN KEY-----\nweb | MIIEvQIBADANBg\nweb | -----END KEY-----\n"

    masker = Masker([secret.encode() for secret in secrets])
    streamed = masker.feed(printed.encode()) + masker.rest()

    assert (Redactor(secrets).mask(printed), streamed) == ("web | ***\n" * 3, b"web | ***\n" * 3)


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    assert Redactor(["password", "password123"]).mask("got password123, not password") == "got ***, not ***"


def test_without_secrets_text_stays_as_it_is() -> None:
    assert Redactor(["", ""]).mask("nothing to hide (.*)") == "nothing to hide (.*)"


def test_characters_with_a_meaning_in_patterns_are_taken_literally() -> None:
    assert Redactor(["a.b*c[d]e"]).mask("a.b*c[d]e aXbbcde") == "*** aXbbcde"


def test_a_stream_holds_back_only_what_may_begin_a_secret() -> None:
    masker = Masker([b"abcdefgh"])
    assert masker.feed(b"Password: abc") == b"Password: "


def test_a_secret_split_over_chunks_is_masked() -> None:
    masker = Masker([b"abcdefgh"])
    shown = [masker.feed(b"x abcd"), masker.feed(b"efgh y"), masker.rest()]
    assert b"".join(shown) == b"x *** y"


def test_the_beginning_of_a_secret_is_shown_once_it_turned_out_to_be_none() -> None:
    masker = Masker([b"abcdefgh"])
    assert masker.feed(b"abcd") + masker.feed(b"x") == b"abcdx"


SECRETS = st.lists(st.text("ab", min_size=1, max_size=6), max_size=4)
CHUNKS = st.lists(st.text("abc", max_size=12), max_size=8)


@given(SECRETS, CHUNKS)
def test_a_stream_in_any_chunks_is_masked_like_the_whole_text(secrets: list[str], chunks: list[str]) -> None:
    masker = Masker([secret.encode() for secret in secrets])
    shown = b"".join([*(masker.feed(chunk.encode()) for chunk in chunks), masker.rest()])
    assert shown.decode() == Redactor(secrets).mask("".join(chunks))
