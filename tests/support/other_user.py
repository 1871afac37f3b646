"""Another user of the host, for the length of a block: what the kernel tells of whoever connects meanwhile."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Act with the rights of a user and one group; skips the test where we may not."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user")
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
