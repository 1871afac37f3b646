"""Two daemons for all refusals.

One has running containers, and its repositories are put back after each test; one has many environments without any.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites
from support.site import Site
from support.stack import ENVIRONMENT, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.daemon_process import Daemon
    from support.stack_images import FirstImages

_NOBODY_SERVES = "unix:///tmp/released-no-engine-listens-here.sock"
_FRESH = tuple(f"fresh-{number}" for number in range(40))


@pytest.fixture(scope="package", name="running_stack")
def _running_stack(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[Stack]:
    stack = Stack.create(tmp_path_factory.mktemp("refusals") / "stack", first_images)
    try:
        shutil.copytree(stack.ops.checkout.parent, stack.home / "pristine", symlinks=True)
        yield stack
        assert stack.leaks() == []
    finally:
        stack.cleanup()


@pytest.fixture(scope="package", name="stack_daemon")
def _stack_daemon(running_stack: Stack) -> Iterator[Daemon]:
    daemon = running_stack.daemon()
    daemon.start()
    yield daemon
    daemon.end()


@pytest.fixture(name="site")
def _site(running_stack: Stack, stack_daemon: Daemon) -> Iterator[Site]:
    """Give an environment with three running services; its repositories are as on the first day."""
    assert stack_daemon.process.poll() is None, stack_daemon.log
    database = running_stack.state_dir / "released.db"
    yield Site(ENVIRONMENT, running_stack.ops, database, running_stack.client, running_stack.containers.ids)
    repos = running_stack.ops.checkout.parent
    shutil.rmtree(repos)
    shutil.copytree(running_stack.home / "pristine", repos, symlinks=True)


@pytest.fixture(scope="package", name="bare_sites")
def _bare_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSites]:
    settings = {
        "no-engine": {"docker": _NOBODY_SERVES},
        "no-compose": {},
        "strict": {"unmatched_paths": "refuse"},
        **{name: {} for name in _FRESH},
    }
    sites = BareSites.create(tmp_path_factory.mktemp("bare"), settings)
    daemon = sites.daemon()
    try:
        daemon.start()
        yield sites
        daemon.end()
    finally:
        sites.cleanup()


@pytest.fixture(scope="package", name="unused_names")
def _unused_names() -> Iterator[str]:
    return iter(_FRESH)


@pytest.fixture(name="bare_site")
def _bare_site(bare_sites: BareSites, unused_names: Iterator[str]) -> Site:
    """Give an environment that no test has touched: no container, nothing on record."""
    return bare_sites.site(next(unused_names))
