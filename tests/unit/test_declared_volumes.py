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


@pytest.mark.parametrize(
    "odd",
    ["x-since: 2026-99-99", "services: {web: {ports: !reset [], environment: !override {A: b}}}"],
    ids=["a date that no calendar knows", "tags of Compose's own"],
)
def test_what_is_odd_elsewhere_hides_no_volume(odd: str) -> None:
    assert declared_volumes(f"{odd}\nvolumes: {{data: {{}}}}\n") == {"data"}


def test_a_text_that_is_too_deep_to_be_understood_declares_none() -> None:
    assert declared_volumes("[" * 100_000) == frozenset()
