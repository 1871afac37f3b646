"""Files that hold a secret: used only where nobody else can."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from released.domain.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 65536


def read_private(file: Path) -> bytes:
    """Read a file that only its owner and group may use: at most 64 KiB of it.

    Raises:
        InvalidInput: ``secret_unusable``: others may use it, or it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(_LARGEST)
    except OSError as error:
        raise InvalidInput("secret_unusable", f"expected a readable file, got: {error.strerror}") from None
    if mode & stat.S_IRWXO:
        told = f"expected a file for its owner and group alone, got mode {stat.S_IMODE(mode):04o}"
        raise InvalidInput("secret_unusable", told)
    return content
