"""How a message says who sent it, and when: headers and signature of the convention *Standard Webhooks*.

The convention (github.com/standard-webhooks/standard-webhooks) has libraries for receivers in most languages.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


def parse_secret(text: str) -> bytes:
    """Read the key of a secret ``whsec_<base64>``; white space around it is passed over.

    Raises:
        ValueError: it is none; the message does not quote it.
    """
    word = text.strip()
    try:
        key = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not word.startswith(_PREFIX) or len(key) not in _KEY_BYTES:
        raise ValueError("expected whsec_ and the base64 of 24 to 64 random bytes, got something else")
    return key


def headers(key: bytes, message_id: str, sent_at: dt.datetime, body: bytes) -> dict[str, str]:
    """Sign a message.

    Args:
        key: that the receiver knows, too.
        message_id: the same each time the message is sent.
        sent_at: of this attempt; receivers refuse what is minutes old, lest somebody else send it again.
        body: the bytes that are sent.
    """
    stamp = str(int(sent_at.timestamp()))
    signed = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
