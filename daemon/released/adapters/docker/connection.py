"""The connection to a Docker engine, with its errors turned into sentences."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from docker import APIClient
from docker.constants import DEFAULT_TIMEOUT_SECONDS
from docker.errors import APIError, DockerException

from released.domain.errors import Refused, StepFailed
from released.domain.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator


class EngineConnection:
    """Connects when first asked, and speaks whatever API version the engine and the SDK have in common.

    Args:
        url: where the engine listens.
        timeout_s: how long it may be silent.
    """

    def __init__(self, url: str, timeout_s: int = DEFAULT_TIMEOUT_SECONDS) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._api: APIClient | None = None

    def close(self) -> None:
        """Close every open connection to the engine."""
        if self._api:
            self._api.close()
        self._api = None

    @contextmanager
    def answers(self) -> Iterator[APIClient]:
        """Hand out the SDK's client, and translate its errors.

        Raises:
            Refused: ``engine_unreachable``, the engine does not answer.
            StepFailed: ``engine_refused``, it answers with an error.
        """
        try:
            yield self._connected()
        except APIError as error:
            raise StepFailed(self._refusal(error)) from error
        except (DockerException, OSError) as error:
            # Every error of the SDK's HTTP library is an OSError.
            raise self._unreachable(error) from error

    def _connected(self) -> APIClient:
        if self._api is None:
            _knock(self._url)
            # A pinned version fails on engines that are older, and on newer ones: let them agree.
            self._api = APIClient(base_url=self._url, timeout=self._timeout_s)
        return self._api

    def _unreachable(self, error: Exception) -> Refused:
        return Refused(
            "engine_unreachable",
            f"The Docker engine at {self._url} does not answer ({error}). "
            "Start it (for instance: systemctl start docker), check that you may use its socket, then run again.",
        )

    def _refusal(self, error: APIError) -> Failure:
        said = error.explanation or str(error)
        return Failure("engine_refused", f"The Docker engine at {self._url} answered: {said}", evidence=said)


def _knock(url: str) -> None:
    # Where nobody listens, the SDK leaves the socket that it tried open until some later garbage collection.
    scheme, _, path = url.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(path)
