"""Brings what a command wrote to the disk, before anybody may say that it is done."""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False  # the real one costs the import of typing
if TYPE_CHECKING:
    from collections.abc import Iterable

_LIBC = ctypes.CDLL(None, use_errno=True)


def flush_everything(told: str) -> None:
    """Flush every file system; sync(2) tells of no error, so the one that holds the folder ``told`` is asked for one.

    Raises:
        OSError: the kernel reports that something could not be written on the file system of that folder.
    """
    os.sync()
    flush((told,))


def flush(places: Iterable[str]) -> None:
    """Flush the file systems that hold these folders; all of them, where one of the folders cannot be opened.

    Raises:
        OSError: the kernel reports that something could not be written.
    """
    for place in places:
        try:
            descriptor = os.open(place, os.O_RDONLY)
        except OSError:
            return os.sync()
        try:
            if _LIBC.syncfs(descriptor) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), place)
        finally:
            os.close(descriptor)
    return None
