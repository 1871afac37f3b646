"""Secrets are masked in a stream of bytes before a disk sees them."""

from __future__ import annotations

import re


class Masker:
    """Replaces secrets in a stream of bytes by ``***``, leftmost first, at one place the longest.

    Only bytes that can be the beginning of a secret are held back, so that a prompt is seen at once.
    """

    def __init__(self, secrets: list[bytes]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets)) or rb"(?!)")
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take what came and give what may be shown by now."""
        return self._advance(self._held + data, at_end=False)

    def rest(self) -> bytes:
        """Give what was held back, at the end of the stream."""
        return self._advance(self._held, at_end=True)

    def _advance(self, data: bytes, *, at_end: bool) -> bytes:
        shown, position = [], 0
        limit = len(data) if at_end else self._undecided_from(data, 0)
        for secret in self._pattern.finditer(data):
            if secret.start() >= limit:
                break
            shown += [data[position : secret.start()], b"***"]
            position = secret.end()
            if position > limit:
                limit = self._undecided_from(data, position)
        self._held = data[limit:]
        return b"".join([*shown, data[position:limit]])

    def _undecided_from(self, data: bytes, position: int) -> int:
        """Find where the end of the data may be the beginning of a secret."""
        longest = len(self._secrets[0]) if self._secrets else 1
        for start in range(max(position, len(data) - longest + 1), len(data)):
            if any(secret.startswith(data[start:]) for secret in self._secrets):
                return start
        return len(data)
