"""Signatures of messages, as the convention has them."""

from __future__ import annotations

import datetime as dt

import pytest

from released.domain.webhook.standard_webhooks import headers, parse_secret

AT = dt.datetime.fromtimestamp(1614265330, dt.UTC)
EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_convention_is_signed_as_it_shows() -> None:
    signed = headers(parse_secret(EXAMPLE), "msg_p5jXN8AQM9LWM0D4loKWxJek", AT, b'{"test": 2432232314}')

    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_line_break_at_the_end_of_the_file_is_no_part_of_the_secret() -> None:
    assert parse_secret(f"{EXAMPLE}\n") == parse_secret(EXAMPLE)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", EXAMPLE.removeprefix("whsec_"), f"{EXAMPLE}!", "whsec_" + "A" * 92]
)
def test_what_is_no_secret_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="expected whsec_ and the base64 of 24 to 64 random bytes, got something else"):
        parse_secret(text)
