"""What passes the window on the Docker engine: looks that end, and nothing else."""

from __future__ import annotations

import pytest

from released.adapters.docker.window import passes


@pytest.mark.parametrize(
    "asked",
    [
        "HEAD /_ping HTTP/1.1",
        "GET /v1.41/containers/json?all=1 HTTP/1.1",
        "GET /v1.41/containers/prod-web/json HTTP/1.1",
        "GET /v1.41/containers/prod-web/logs?stdout=1&tail=5 HTTP/1.1",
        "GET /v1.41/containers/prod-web/stats?stream=false HTTP/1.1",
        "GET /v1.41/images/registry:5000/wiki:2/json HTTP/1.1",
        "GET /volumes HTTP/1.1",
    ],
)
def test_a_look_passes_on_a_connection_that_ends(asked: str) -> None:
    passed = passes(f"{asked}\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp".encode())

    assert passed == f"{asked}\r\nHost: docker\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize(
    "asked",
    [
        "POST /v1.41/containers/create HTTP/1.1",
        "DELETE /v1.41/containers/prod-web HTTP/1.1",
        "POST /v1.41/containers/prod-web/exec HTTP/1.1",
        "GET /v1.41/containers/prod-web/attach/ws?stream=1 HTTP/1.1",
        "GET /v1.41/containers/prod-web/archive?path=/etc HTTP/1.1",
        "GET /v1.41/containers/prod-web/logs?stdout=1&follow=1 HTTP/1.1",
        "GET /v1.41/containers/prod-web/stats HTTP/1.1",
        "GET /v1.41/images/wiki/get HTTP/1.1",
        "GET /v1.41/images/../containers/x/attach/ws/json HTTP/1.1",
        "GET /events HTTP/1.1",
        "GET http://engine/_ping HTTP/1.1",
        "GET /_ping",
        "nonsense",
    ],
)
def test_everything_else_is_refused(asked: str) -> None:
    assert passes(asked.encode()) is None
