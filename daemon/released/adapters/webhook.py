"""The receiver of the webhook: one signed POST, bounded in time, and what it answers."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from functools import cached_property
from pathlib import Path

import httpx

from released.adapters.private_files import read_private
from released.domain.errors import InvalidInput
from released.domain.webhook.delivery import Answer
from released.domain.webhook.standard_webhooks import headers, parse_secret
from released.version import VERSION

ATTEMPT_S = 10.0
"""How long an attempt may take, however often the receiver says a little."""
_LONGEST_COMPLAINT = 200
"""Characters: it may quote whatever the receiver said."""


class Receiver:
    """Takes messages at a URL.

    Args:
        url: of https, or of http on this host.
        secret_file: holds the key; read for each message, so that a new one counts at once.
        attempt_s: how long an attempt may take, in seconds.
    """

    def __init__(self, url: str, secret_file: Path, attempt_s: float = ATTEMPT_S) -> None:
        self._url = url
        self._secret_file = secret_file
        self._attempt_s = attempt_s

    def post(self, message_id: str, sent_at: dt.datetime, body: bytes) -> Answer:
        """Try to deliver a message. May not be called from an event loop's thread.

        Redirects are not followed, no proxy of the daemon's environment is used, and the answer's body is not read.
        """
        try:
            signed = headers(read_secret(self._secret_file), message_id, sent_at, body)
            return asyncio.run(self._post(body, signed))
        except TimeoutError:
            return Answer(0, f"no answer within {self._attempt_s:g}s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Answer(0, f"{type(error).__name__}: {error}"[:_LONGEST_COMPLAINT])
        except InvalidInput as error:
            return Answer(0, f"{self._secret_file}: {error.message}")

    async def _post(self, body: bytes, signed: dict[str, str]) -> Answer:
        told = {**signed, "content-type": "application/json", "user-agent": f"released/{VERSION}"}
        # httpx limits each wait by itself only; a receiver that drips its answer would keep us for ever.
        async with (
            asyncio.timeout(self._attempt_s),
            httpx.AsyncClient(
                timeout=self._attempt_s, trust_env=False, follow_redirects=False, verify=self._trust
            ) as client,
            client.stream("POST", self._url, content=body, headers=told) as answer,
        ):
            code = answer.status_code
            return Answer(code, f"HTTP {code}", answer.headers.get("retry-after", ""))

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """What this host trusts, an authority of the team's own too."""
        return ssl.create_default_context()


def read_secret(file: Path) -> bytes:
    """Read the key that messages are signed with.

    Raises:
        InvalidInput: others can read it (``secret_unusable``), or it is no such file (``webhook_secret_unusable``); the
            secret is not quoted.
    """
    content = read_private(file)
    try:
        return parse_secret(content.decode())
    except UnicodeDecodeError:
        raise _unusable("expected whsec_ and base64, got bytes that are no text") from None
    except ValueError as error:
        raise _unusable(str(error)) from None


def _unusable(message: str) -> InvalidInput:
    return InvalidInput("webhook_secret_unusable", message)
