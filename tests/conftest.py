"""Every end-to-end test gets an environment of its own, and ends with a search for the secret of its ``.env``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.stack import Stack
from support.stack_images import FirstImages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon

pytest_plugins = ["support.evidence", "support.reliability"]


@pytest.fixture(scope="session", name="first_images")
def _first_images() -> Iterator[FirstImages]:
    with FirstImages() as images:
        yield images


@pytest.fixture(name="stack")
def _stack(tmp_path: Path, first_images: FirstImages) -> Iterator[Stack]:
    stack = Stack.create(tmp_path / "stack", first_images)
    try:
        yield stack
        assert stack.leaks() == []
    finally:
        stack.cleanup()


@pytest.fixture(name="daemon")
def _daemon(stack: Stack) -> Iterator[Daemon]:
    daemon = stack.daemon()
    daemon.start()
    yield daemon
    daemon.end()
