"""Whether a service's containers run the image that its manifest asks for (spec: verify, Messages)."""

from __future__ import annotations

from collections.abc import Sequence

from released.adapters.docker.containers import Running
from released.domain.releases.plan import Image, ServicePlan


def image_lines(service: ServicePlan, found: Sequence[Running], expected_id: str | None) -> list[str]:
    """Judge each container that runs the service's own image, one line each.

    Args:
        service: with the image that its manifest asks for.
        found: its containers as they are.
        expected_id: the image itself, where it is known.
    """
    image = service.image
    if image is None:
        return []
    app = {one.name for one in service.containers if one.role == "app"}
    return [_line(service.name, image, one, expected_id) for one in found if one.name in app]


def _line(service: str, image: Image, one: Running, expected_id: str | None) -> str:
    if one.image_ref != image.reference:
        return f"✗ {service}.image: got {one.image_ref}, expected {image.reference}"
    running = f"{one.image_ref} ({_short(one.image_id)})"
    if expected_id is None or one.image_id == expected_id:
        return f"✓ {service}.image: {running}"
    return f"✗ {service}.image: got {running}, expected {image.reference} ({_short(expected_id)})"


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]
