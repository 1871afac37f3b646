"""What a step found out and later steps need: nowhere but in the event of its outcome."""

from __future__ import annotations

import msgspec


class BackedUp(msgspec.Struct, frozen=True, tag="backed_up"):
    """A backup set was written and read back."""

    service: str
    stamp: str
    bytes: int
    nothing_yet: tuple[str, ...] = ()
    """Volumes that come with the release, so that there was nothing of them to save."""


class ImagesKept(msgspec.Struct, frozen=True, tag="images_kept"):
    """The images that ran before the release carry a tag of ours, so that no prune takes them."""

    service: str
    images: dict[str, str]
    """Container name to image id."""
    references: dict[str, str] = {}
    """Container name to the reference that it was made from."""
    variables: dict[str, str | None] = {}
    """The image-tag variable as ``.env`` holds it; ``None``: not at all."""
    project: str = ""
    """The Compose project of the containers; empty where there were none."""
    compose_services: dict[str, str] = {}
    """Container name to its name in the Compose file; empty for one that Compose did not make. An older record lacks
    it."""


class CheckoutMoved(msgspec.Struct, frozen=True, tag="checkout_moved"):
    """The checkout stands at this commit."""

    head: str


class Composed(msgspec.Struct, frozen=True, tag="composed"):
    """What Compose says that a service consists of, and which containers stood before the release."""

    service: str
    project: str
    driver: str
    compose_services: tuple[str, ...]
    previous: tuple[str, ...]
    """Ids of the containers that are to be replaced."""
    container_names: tuple[str, ...] = ()
    """The names that the Compose file gives to containers."""


class ImageReady(msgspec.Struct, frozen=True, tag="image_ready"):
    """The image that the service's containers will run is present."""

    service: str
    reference: str
    image_id: str
    digests: tuple[str, ...] = ()


class Recreated(msgspec.Struct, frozen=True, tag="recreated"):
    """The service's containers were replaced."""

    service: str
    containers: dict[str, str]
    """Container name to container id."""


class CommandExited(msgspec.Struct, frozen=True, tag="command_exited"):
    """A script, hook or tool ended with success."""

    rc: int


class Checked(msgspec.Struct, frozen=True, tag="checked"):
    """A check passed; ``lines`` are what an operator reads, one per check."""

    lines: tuple[str, ...]


class DataRestored(msgspec.Struct, frozen=True, tag="data_restored"):
    """The data of a service is what a backup set holds."""

    service: str
    stamp: str


class Pushed(msgspec.Struct, frozen=True, tag="pushed"):
    """The commit that takes the code back was offered to the remote."""

    commit: str
    refused: str = ""
    """Why the remote did not take it; the revert is complete all the same."""


Result = (
    BackedUp
    | ImagesKept
    | CheckoutMoved
    | Composed
    | ImageReady
    | Recreated
    | CommandExited
    | Checked
    | DataRestored
    | Pushed
)
