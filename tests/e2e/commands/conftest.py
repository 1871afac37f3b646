"""One daemon with many environments without containers, for the commands around a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites
from support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from subprocess import CompletedProcess

    from support.site import Site

_FRESH = tuple(f"fresh-{number}" for number in range(160))


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


@pytest.fixture(name="terminal")
def _terminal(bare_sites: BareSites) -> Callable[..., CompletedProcess[str]]:
    """Run the client at a terminal that shows colour, in an environment, and answer what it asks."""

    def typed(
        site: Site, *arguments: str, answers: Sequence[tuple[str, str]] = (), **variables: str
    ) -> CompletedProcess[str]:
        own = {name: value for name, value in bare_sites.client_environment().items() if name != "NO_COLOR"}
        return at_terminal(("--env", site.name, *arguments), own | variables, answers)

    return typed
