"""One daemon with many environments without containers, for the commands around a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.site import Site

_FRESH = tuple(f"fresh-{number}" for number in range(80))


@pytest.fixture(scope="session", name="bare_sites")
def _bare_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSites]:
    sites = BareSites.create(tmp_path_factory.mktemp("commands"), {name: {} for name in _FRESH})
    daemon = sites.daemon()
    try:
        daemon.start()
        yield sites
        daemon.end()
    finally:
        sites.cleanup()


@pytest.fixture(scope="session", name="new_site")
def _new_site(bare_sites: BareSites) -> Callable[[], Site]:
    """Hand out environments that no test has touched: no container, nothing on record."""
    unused = iter(_FRESH)
    return lambda: bare_sites.site(next(unused))


@pytest.fixture(name="site")
def _site(new_site: Callable[[], Site]) -> Site:
    return new_site()
