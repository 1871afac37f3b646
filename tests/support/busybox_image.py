"""The image ``busybox`` on the engine, which no test can pull."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from support.stack_images import docker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack_images import FirstImages

_NAME = "busybox:latest"
_LOCK = Path(gettempdir()) / "released-test-busybox.lock"


@contextmanager
def local_busybox(images: FirstImages) -> Iterator[None]:
    """Have an image of that name; one that was there before stays. The name is everybody's: others wait meanwhile."""
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = not docker("images", "--quiet", _NAME)
        if missing:
            docker("tag", images.base, _NAME)
        try:
            yield
        finally:
            if missing:
                docker("rmi", _NAME)
