"""Every file that a release, its way back and a hook leave: nobody else reads what may hold a secret, or writes any."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from support.bare_sites import BareSites

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.daemon_process import Daemon
    from support.evidence import Evidence
    from support.site import Site

SERVICE = {
    "packages/web/manifest.yaml": "name: web\n",
    "packages/web/scripts/ensure-config.sh": "#!/bin/sh\necho made\n",
}
SCRIPT = {"releases/1-a.sh": "#!/bin/sh\necho done >.asd/made-by-a-script\n"}


@contextmanager
def _everything_allowed() -> Iterator[None]:
    """Let children make files for everybody, and dump their memory, as a careless supervisor would."""
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
    umask = os.umask(0)
    try:
        yield
    finally:
        os.umask(umask)
        resource.setrlimit(resource.RLIMIT_CORE, limits)


@pytest.fixture(scope="module", name="sites")
def _sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSites]:
    sites = BareSites.create(tmp_path_factory.mktemp("left"), {"prod": {}})
    try:
        yield sites
    finally:
        sites.cleanup()


@pytest.fixture(scope="module", name="site")
def _site(sites: BareSites) -> Site:
    return sites.site("prod", SERVICE)


@pytest.fixture(scope="module", name="daemon")
def _daemon(sites: BareSites, site: Site) -> Iterator[Daemon]:
    """Give a daemon that was started with a umask of 0, and has released, run a hook, and taken back."""
    daemon = sites.daemon()
    with _everything_allowed():
        daemon.start()
    site.merge("1", SCRIPT)
    for command in (("run", "1"), ("services", "run", "web", "ensure-config"), ("revert", "1", "--yes")):
        assert site.client(*command).returncode == 0, daemon.log
    yield daemon
    daemon.end()


def _modes(folder: Path) -> dict[Path, int]:
    """Give the mode of everything below a folder, and of itself."""
    return {place: stat.S_IMODE(place.lstat().st_mode) for place in (folder, *folder.rglob("*"))}


@pytest.mark.usefixtures("daemon")
def test_only_the_daemons_user_reads_its_state(sites: BareSites, evidence: Evidence) -> None:
    """Row 52: record, output and slots of a release, a hook and a way back."""
    modes = _modes(sites.home / "state")

    assert {str(place): oct(mode) for place, mode in modes.items() if mode & 0o077} == {}
    assert {"released.db", "output", "result.json"} <= {place.name for place in modes}
    evidence.fired(len(modes))


@pytest.mark.usefixtures("daemon")
def test_nobody_else_writes_in_the_workspace_or_what_a_script_made(site: Site, evidence: Evidence) -> None:
    """Row 52: derived files, the lock, and a file of a script."""
    modes = _modes(site.ops.checkout / ".asd")

    assert {str(place): oct(mode) for place, mode in modes.items() if mode & 0o022} == {}
    assert {"1.env", "1.log", ".lock", "made-by-a-script"} <= {place.name for place in modes}
    evidence.fired(len(modes))


@pytest.mark.usefixtures("daemon")
def test_the_socket_is_its_groups_and_the_one_behind_it_nobodys(sites: BareSites, evidence: Evidence) -> None:
    """Row 52: the sockets, and the lock beside them."""
    place = sites.runtime / "released.sock"

    modes = [stat.S_IMODE(one.stat().st_mode) for one in (place, place.with_name("released.sock.in"))]

    assert modes == [0o660, 0o700]
    assert stat.S_IMODE(place.with_name("released.sock.lock").stat().st_mode) == 0o600
    evidence.fired(3)


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_CORE)[1] == 0, reason="nothing here may dump its memory")
def test_a_daemon_that_crashes_leaves_no_memory_on_the_disk(daemon: Daemon, tmp_path: Path, evidence: Evidence) -> None:
    """Row 52: SIGSEGV, where another program of the same start leaves a core."""
    with _everything_allowed():
        other = subprocess.Popen(["sleep", "60"], cwd=tmp_path)  # noqa: S607 (any program)
    evidence.control("a program without our limit", red=_dumped(other.pid))
    other.wait()

    dumped = _dumped(daemon.process.pid)

    assert not dumped
    evidence.fired()


def _dumped(pid: int) -> bool:
    """End a child by SIGSEGV; tell whether its memory went to a disk. It is left to be waited for."""
    os.kill(pid, signal.SIGSEGV)
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    return ended.si_code == os.CLD_DUMPED
