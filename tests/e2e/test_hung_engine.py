"""An environment whose Docker engine accepts and never answers, beside one that is well."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import grpc
import pytest

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support.bare_sites import BareSites
from support.daemon_process import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MORE_THAN_ANY_POOL = 40
_WEB = {
    "packages/web/manifest.yaml": "name: web\ncontainers:\n  - {name: web, role: app, required: true}\n",
    "packages/web/docker-compose.yaml": "services: {web: {image: nothing}}\n",
}


@pytest.fixture(name="sites")
def _sites(tmp_path: Path) -> Iterator[BareSites]:
    """Serve both, while many look at what runs in the one whose engine hangs."""
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
        engine.bind(str(path))
        engine.listen(_MORE_THAN_ANY_POOL)
        sites = BareSites.create(tmp_path, {"hung": {"docker": f"unix://{path}"}, "well": {}})
        hung = sites.site("hung")
        sites.site("well")
        hung.ops.commit(_WEB, "A service")
        hung.git("pull", "--quiet")
        daemon = sites.daemon()
        daemon.start()
        try:
            with grpc.insecure_channel(sites.address.replace("unix://", "unix:")) as channel:
                asked = [_look(rpc.EnvironmentsStub(channel)) for _ in range(_MORE_THAN_ANY_POOL)]
                engine.settimeout(PATIENCE_S)
                with engine.accept()[0], engine.accept()[0]:
                    yield sites
                assert asked
        finally:
            daemon.end()
            sites.cleanup()


def _look(environments: rpc.EnvironmentsStub) -> object:
    return environments.ListServices.future(pb.ListServicesRequest(environment="hung"))


def test_the_other_environment_is_shown_and_its_releases_are(sites: BareSites) -> None:
    for command in ("status", "list"):
        assert sites.client("--timeout", "20s", "--env", "well", command).returncode == 0


def test_releases_are_listed_of_the_environment_whose_engine_hangs(sites: BareSites) -> None:
    assert sites.client("--timeout", "20s", "--env", "hung", "list").returncode == 0
