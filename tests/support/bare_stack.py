"""An environment in which no service runs, and a ticket whose script waits: for what befalls who runs it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.blocking_script import TICKET, BlockingScript
from support.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.stack_images import FirstImages


@contextmanager
def bare_stack(home: Path, images: FirstImages, **settings: object) -> Iterator[Stack]:
    """Make the environment, in which ``settings`` are added to the configuration's; gone when the context ends."""
    stack = Stack.create(home / "stack", images, running=(), settings=settings)
    try:
        yield stack
        assert stack.leaks() == []
    finally:
        stack.cleanup()


def begun(stack: Stack, rc: int = 0, header: str = "") -> BlockingScript:
    """Release the ticket up to where its script runs."""
    script = BlockingScript.merged(stack, rc, header)
    assert stack.client("run", TICKET, "--detach").returncode == 0
    script.await_begin()
    return script
