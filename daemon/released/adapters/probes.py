"""Probes of a service from outside, and the pauses between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import httpx

from released.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from released.adapters.interruption import Interruption

_SCHEMES = ("http", "https")


class Answer(NamedTuple):
    """What an endpoint answered."""

    code: int
    """The status code; 0 where nothing answered in time."""
    said: str
    """The beginning of the body, or why there is no answer."""


def http_code(url: str, timeout_s: float, interruption: Interruption) -> int:
    """The status code that an endpoint answers, 0 where nothing answered in time (spec: messages, ``http-health``).

    The body is not read; all else is as ``http_answer`` says.
    """
    return http_answer(url, timeout_s, interruption, 0).code


def http_answer(url: str, timeout_s: float, interruption: Interruption, max_bytes: int) -> Answer:
    """Ask an endpoint.

    Redirects are not followed and no proxy of the daemon's environment is used: the answer is the endpoint's own.
    May not be called from an event loop's thread.

    Args:
        url: the endpoint.
        timeout_s: how long the whole request may take, in seconds, however often the endpoint says a little.
        interruption: ends the request.
        max_bytes: how much of the body is read.

    Raises:
        InvalidInput: the URL is not one of http or https.
        StepFailed: ``killed``, when it is interrupted.
    """
    target = _parse(url)
    try:
        return asyncio.run(_unless_interrupted(target, timeout_s, interruption, max_bytes))
    except (httpx.TransportError, TimeoutError) as error:
        return Answer(0, str(error) or f"no answer within {timeout_s:g} s")


async def _unless_interrupted(
    target: httpx.URL, timeout_s: float, interruption: Interruption, max_bytes: int
) -> Answer:
    asking = asyncio.ensure_future(_ask(target, timeout_s, max_bytes))
    loop = asyncio.get_running_loop()
    with interruption.ending(lambda: loop.call_soon_threadsafe(asking.cancel)):
        await asyncio.wait({asking})
    if asking.cancelled():
        interruption.check()
    return asking.result()


async def _ask(target: httpx.URL, timeout_s: float, max_bytes: int) -> Answer:
    # httpx limits each wait by itself only; a server that drips its answer would keep the probe for ever.
    async with (
        asyncio.timeout(timeout_s),
        httpx.AsyncClient(timeout=timeout_s, trust_env=False, follow_redirects=False) as client,
        client.stream("GET", target, headers={"accept-encoding": "identity"}) as answer,
    ):
        return Answer(answer.status_code, await _beginning(answer, max_bytes))


async def _beginning(answer: httpx.Response, max_bytes: int) -> str:
    read = b""
    if max_bytes:
        # As it comes: a few kilobytes that somebody compressed for us may be gigabytes.
        async for part in answer.aiter_raw():
            read += part
            if len(read) >= max_bytes:
                break
    return read[:max_bytes].decode(errors="replace")


def delays(first_s: float = 0.5, factor: float = 1.7, cap_s: float = 5.0) -> Iterator[float]:
    """Pauses between attempts in seconds, growing by ``factor`` up to ``cap_s``, without end."""
    delay = first_s
    while True:
        yield min(delay, cap_s)
        delay = min(delay * factor, cap_s)


def _parse(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _invalid(url) from error
    if target.scheme not in _SCHEMES or not target.host:
        raise _invalid(url)
    return target


def _invalid(url: str) -> InvalidInput:
    return InvalidInput("url_invalid", f"{url!r} cannot be probed: expected http://host… or https://host…")
