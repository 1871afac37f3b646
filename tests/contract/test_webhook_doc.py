"""What docs/webhook.md shows works: receivers are built by it."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from released.domain.configuration import parse_configuration
from released.domain.webhook.message import Data, Message
from released.domain.webhook.standard_webhooks import headers, parse_secret
from support.webhook_receiver import SECRET

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "webhook.md").read_text(encoding="utf-8")
BODY = b'{"type": "release.halted"}'
REST = """\
store: {url: sqlite:////var/lib/released/released.db}
listen: [unix:///run/released/released.sock]
environments: {prod: {repo: /opt/ops}}
"""


def shown(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page shows no {language}"
    return found[1]


@pytest.fixture(name="verify", scope="module")
def _verify() -> Any:  # noqa: ANN401 (a function that the page defines)
    """Give the function that a receiver would copy."""
    defined: dict[str, Any] = {}
    exec(compile(shown("python"), "docs/webhook.md", "exec"), defined)  # noqa: S102 (that is what is tested)
    return defined["is_genuine"]


def signed(ago_s: float = 0.0) -> dict[str, str]:
    sent_at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago_s)
    return headers(parse_secret(SECRET), "event-1", sent_at, BODY)


def test_what_the_daemon_signs_is_genuine(verify: Any) -> None:  # noqa: ANN401
    assert verify(SECRET, signed(), BODY)


def test_another_body_another_id_and_an_old_message_are_not(verify: Any) -> None:  # noqa: ANN401
    assert not verify(SECRET, signed(), BODY + b" ")
    assert not verify(SECRET, signed() | {"webhook-id": "event-2"}, BODY)
    assert not verify(SECRET, signed(ago_s=301.0), BODY)


def test_the_message_on_the_page_has_the_fields_of_the_code() -> None:
    message = json.loads(shown("json"))

    assert set(message) == {field.name for field in msgspec.structs.fields(Message)}
    assert set(message["data"]) == {field.name for field in msgspec.structs.fields(Data)}
    assert msgspec.convert(message, Message).data.ticket == "1234"


def test_the_configuration_on_the_page_is_valid() -> None:
    assert parse_configuration(REST + shown("yaml"), "docs/webhook.md").webhook is not None
