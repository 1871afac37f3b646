"""Environments that no test has touched, handed out one after the other by one daemon."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING

from support.bare_sites import BareSites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.site import Site


@contextmanager
def served_sites(home: Path, number: int, **settings: object) -> Iterator[tuple[BareSites, Callable[[], Site]]]:
    """Serve so many environments without containers; give them, and what hands the next one out.

    Args:
        home: a folder of its own, which may be missing.
        number: how many there are: at least as many as tests ask for.
        settings: of each environment, in the daemon's configuration.
    """
    names = [f"fresh-{one}" for one in range(number)]
    unused = iter(names)
    sites = BareSites.create(home, {name: deepcopy(settings) for name in names})
    daemon = sites.daemon()
    try:
        daemon.start()
        yield sites, lambda: sites.site(next(unused))
        daemon.end()
    finally:
        sites.cleanup()
