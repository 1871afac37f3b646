"""A restore that kills its own process: ``python doomed_restore.py OWNER IMAGE FACTS ARCHIVE BYTES``.

It dies when the engine has been given this many bytes of the plain archive, as a daemon does that meets ``kill -9``.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from released.adapters.docker.engine import DockerEngine
from released.adapters.docker.restoring import VolumeFacts
from support.docker_stack import ENGINE_URL

if TYPE_CHECKING:
    from collections.abc import Iterator

_VETTING = 0
_PIECE = 4096


def main(owner: str, image_id: str, facts: str, archive: str, limit: str) -> None:
    """Restore a volume, and die while it is being filled."""
    content = Path(archive).read_bytes()
    opened = count()

    def chunks() -> Iterator[bytes]:
        vetting = next(opened) == _VETTING
        for at in range(0, len(content), _PIECE):
            if at >= int(limit) and not vetting:
                os.kill(os.getpid(), signal.SIGKILL)
            yield content[at : at + _PIECE]

    DockerEngine(ENGINE_URL, owner).restore_volume(msgspec.json.decode(facts, type=VolumeFacts), image_id, chunks)


if __name__ == "__main__":
    main(*sys.argv[1:])
