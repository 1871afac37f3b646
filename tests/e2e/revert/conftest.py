"""One daemon with many environments without containers, for all that is about commits and commands only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.fresh_sites import served_sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.bare_sites import BareSites
    from support.site import Site


@pytest.fixture(scope="package", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BareSites, Callable[[], Site]]]:
    with served_sites(tmp_path_factory.mktemp("bare"), 80) as served:
        yield served


@pytest.fixture(scope="package", name="new_site")
def _new_site(served: tuple[BareSites, Callable[[], Site]]) -> Callable[[], Site]:
    """Hand out environments that no test has touched: no container, nothing on record."""
    return served[1]


@pytest.fixture(scope="package", name="bare_sites")
def _bare_sites(served: tuple[BareSites, Callable[[], Site]]) -> BareSites:
    return served[0]


@pytest.fixture(name="site")
def _site(new_site: Callable[[], Site]) -> Site:
    return new_site()
