"""Which volumes a Compose file declares, as far as its text tells without resolving anything."""

from __future__ import annotations

import pytest

from released.adapters.docker.compose_model import declared_volumes

COMPOSE = """\
x-volumes: &theirs {driver: local}
services: {}
volumes:
  data: {}
  named: {name: wiki-files}
  prefixed: {name: "${CONTAINER_PREFIX}wiki-index"}
  bare:
  shared: *theirs
"""


def test_volumes_are_declared_by_key_and_by_name() -> None:
    keys = {"data", "named", "prefixed", "bare", "shared"}
    assert declared_volumes(COMPOSE) == keys | {"wiki-files", "wiki-index"}


@pytest.mark.parametrize("text", ["", "services: {}", "volumes: [data]", "just words", "a: [", "- a"])
def test_a_text_that_declares_none_has_none(text: str) -> None:
    assert declared_volumes(text) == frozenset()
