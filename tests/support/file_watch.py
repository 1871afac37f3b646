"""Waiting for a file's content without polling: the kernel says when the folder changed."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_IN_MODIFY, _IN_MOVED_TO, _IN_CREATE = 0x2, 0x80, 0x100
_ENOUGH = 65536


def await_content(path: Path, content: bytes, times: int = 1) -> None:
    """Block until the file contains these bytes so often; its folder must exist."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    try:
        libc.inotify_add_watch(descriptor, os.fsencode(path.parent), _IN_MODIFY | _IN_MOVED_TO | _IN_CREATE)
        while not (path.exists() and path.read_bytes().count(content) >= times):
            os.read(descriptor, _ENOUGH)
    finally:
        os.close(descriptor)
