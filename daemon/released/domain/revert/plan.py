"""The plan of a revert: what stood before, and what of it is brought back. Recorded when the revert is accepted.

What stood before a release is what its prepare saved; what stood before a revert is what that revert saved first. So a
revert is taken back by the same plan as a release, with other facts in it.
"""

from __future__ import annotations

import msgspec

from released.domain.ids import ServiceName, Sha
from released.domain.releases.plan import ServicePlan


class KeptImage(msgspec.Struct, frozen=True):
    """The image that a container ran, kept under a tag of ours."""

    container: str
    image_id: str
    reference: str
    """By which name the container asked for it, for instance ``requarks/wiki:2.5.300``."""
    compose_service: str | None = None
    """Its container's name in the Compose file; ``None`` where the record does not say."""


class ServiceReversal(msgspec.Struct, frozen=True):
    """One service that a revert takes back."""

    name: ServiceName
    present: ServicePlan
    """As the checkout describes it now: what is saved first."""
    former: ServicePlan | None
    """As the target describes it; ``None`` where it came with the release, so that it goes."""
    images: tuple[KeptImage, ...] = ()
    """Of the containers that Compose made; empty where its images stay as they are."""
    variables: dict[str, str | None] = {}
    """The image-tag variables of ``.env`` as they were; ``None``: there was none."""
    backup: str | None = None
    """Stamp of the set that holds its data; ``None`` where nothing was saved."""
    restores: bool = False
    """Whether that data is restored: what was written since is lost."""
    new_volumes: tuple[str, ...] = ()
    """Volumes that came with the release, so that the set has nothing of them; they stay."""
    superfluous: tuple[str, ...] = ()
    """Containers of now that did not exist then; they are removed."""
    project: str = ""
    """The Compose project of its containers before; empty where it had none."""

    @property
    def stateful(self) -> bool:
        """Whether its data is restored only where that was chosen."""
        return self.present.stateful or (self.former is not None and self.former.stateful)


class RevertPlan(msgspec.Struct, frozen=True):
    """Everything a revert will do, as pure data."""

    ticket: str
    run: int
    head_sha: Sha
    """Where the checkout stood when the revert was accepted."""
    target_sha: Sha | None
    """The commit whose tree the checkout gets; ``None`` where no code is taken back."""
    services: tuple[ServiceReversal, ...]
    """In the order in which they are started."""
    undoes: bool = False
    """Whether a revert is taken back, and not the release."""
    push: bool = False
    warnings: tuple[str, ...] = ()
