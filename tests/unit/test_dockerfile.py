"""Base images are read from a Dockerfile as it is written."""

from __future__ import annotations

import pytest

from released.domain.ops_repo.dockerfile import base_images


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM debian:12\nRUN true\n", ("debian:12",)),
        ("# FROM nothing\nfrom debian:12 as build\nFROM alpine\nCOPY --from=build /a /a\n", ("debian:12", "alpine")),
        ("FROM --platform=linux/amd64 debian:12 AS build\nFROM build\nFROM Build AS again\n", ("debian:12",)),
        ("ARG TAG=1\nFROM wiki:${TAG}\nFROM scratch\n", ()),
        ("FROM a@sha256:1\nFROM a@sha256:1 AS b\n", ("a@sha256:1",)),
        ("\n" * 200_000 + " " * 200_000 + "\nFROM " + "--a " * 50_000 + "x y z", ()),
        ("", ()),
    ],
)
def test_images_after_from_are_found(text: str, images: tuple[str, ...]) -> None:
    assert base_images(text) == images
