"""Whether there is room for the backups of a release: a disk that fills up in the midst of one halts it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from released.domain.errors import Refused
from released.domain.failure import NextCommand
from released.domain.releases.plan import ServicePlan
from released.phases.planning.volume_sizes import volume_bytes
from released.phases.world import World

_MIB = 1024**2
_OUTPUT = 16 * _MIB
"""What one step may print."""


def refuse_too_little_space(world: World, services: Sequence[ServicePlan]) -> None:
    """Let pass only a release whose volumes would fit uncompressed where backups lie, and 16 MiB of output beside them.

    Raises:
        Refused: ``disk_space``, with the figures.
    """
    sizes = {name: size for name, size in volume_bytes(world, services).items() if size}
    if not sizes:
        return
    folder = world.state_dir
    needed, free = sum(sizes.values()) + _OUTPUT, shutil.disk_usage(folder).free
    if free >= needed:
        return
    told = ", ".join(f"{name} {_mib(size)}" for name, size in sizes.items())
    search = NextCommand(("du", "-xh", "--max-depth=2", str(folder)), "shows what takes the space")
    raise Refused(
        "disk_space",
        f"The backups of this release may take {_mib(needed)} in {folder}, and {_mib(free)} are free there. "
        f"Its volumes: {told}. Free some space, then run again.",
        (search,),
    )


def _mib(size: int) -> str:
    return f"{size / _MIB:.0f} MiB"
