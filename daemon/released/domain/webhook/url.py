"""Where the webhook's messages may go."""

from __future__ import annotations

import contextlib
import ipaddress
from urllib.parse import SplitResult, urlsplit


def parse_webhook_url(value: str) -> str:
    """Accept a URL of https, or of http on this host itself.

    Raises:
        ValueError: it is none; the message does not quote it, for it may hold a secret.
    """
    parts = _split(value)
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected a URL without user and password, got one with them")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise ValueError(f"expected https, or http to this host itself, got {parts.scheme} to {parts.hostname!r}")
    return value


def shown(url: str) -> str:
    """Show where a URL leads, without path and query: many receivers know their callers by nothing else."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def _split(value: str) -> SplitResult:
    with contextlib.suppress(ValueError):
        parts = urlsplit(value)
        if parts.hostname and parts.port != 0 and value.isascii() and value.isprintable() and " " not in value:
            return parts
    raise ValueError("expected a URL such as https://HOST/PATH, got something else")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
