"""One daemon with many environments without containers, for the commands around a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.fresh_sites import served_sites
from support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from subprocess import CompletedProcess

    from support.bare_sites import BareSites
    from support.site import Site


@pytest.fixture(scope="package", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BareSites, Callable[[], Site]]]:
    with served_sites(tmp_path_factory.mktemp("commands"), 160) as served:
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


@pytest.fixture(name="terminal")
def _terminal(bare_sites: BareSites) -> Callable[..., CompletedProcess[str]]:
    """Run the client at a terminal that shows colour, in an environment, and answer what it asks."""

    def typed(
        site: Site, *arguments: str, answers: Sequence[tuple[str, str]] = (), **variables: str
    ) -> CompletedProcess[str]:
        own = {name: value for name, value in bare_sites.client_environment().items() if name != "NO_COLOR"}
        return at_terminal(("--env", site.name, *arguments), own | variables, answers)

    return typed
