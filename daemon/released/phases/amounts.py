"""Large content that passes through: how much of it came is said on the way, which also shows that it does come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

_MIB = 1024 * 1024
_EVERY = 128 * _MIB


def told(content: Iterable[bytes], name: str, say: Callable[[str], None], every: int = _EVERY) -> Iterator[bytes]:
    """Pass content on, and say each time that so many bytes more of it have come."""
    came = said = 0
    for part in content:
        yield part
        came += len(part)
        if came - said >= every:
            said = came
            say(f"{name}: {came // _MIB} MiB")
