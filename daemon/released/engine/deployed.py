"""What the record knows of what is deployed, to be compared with what is there."""

from __future__ import annotations

from released.domain import events as ev
from released.domain.environments import environment
from released.domain.environments.drift import Deployed
from released.domain.environments.environment import Returned
from released.domain.ids import Phase
from released.domain.releases import lifecycle, release
from released.domain.releases.release import ReleaseState
from released.store.event_store import EventStore
from released.store.release_list import list_releases

_SETTLED = (lifecycle.RELEASED, lifecycle.REVERTED, lifecycle.ABANDONED)
_LOOKED_AT = 50
"""How many of the newest releases are searched for the images of services."""


def deployed(store: EventStore, environment_name: str) -> Deployed:
    """Read what the releases of an environment left deployed; the list of releases must be up to date."""
    place = environment.fold(store.read(ev.environment_stream(environment_name)))
    images = _images(store, environment_name)
    if place.lock is not None:
        occupant = _release(store, environment_name, place.lock.ticket)
        return Deployed(occupant.head, occupant.ticket, images, occupant)
    latest = _latest(store, environment_name)
    return Deployed(_head(latest, place.returned), latest.ticket, images) if latest else Deployed(images=images)


def _head(latest: ReleaseState, returned: Returned | None) -> str:
    """Name where the checkout was left: by a release, or by the return from a hotfix branch after it."""
    after = returned is not None and latest.changed_at is not None and returned.at > latest.changed_at
    return returned.head if returned is not None and after else latest.head


def _latest(store: EventStore, environment_name: str) -> ReleaseState | None:
    """Find what was released, or taken back, last."""
    rows = list_releases(store, environment_name, limit=_LOOKED_AT)
    settled = (row.ticket for row in rows if row.state in _SETTLED)
    ticket = next(settled, None)
    return _release(store, environment_name, ticket) if ticket else None


def _images(store: EventStore, environment_name: str) -> dict[str, ev.ImageReady]:
    found: dict[str, ev.ImageReady] = {}
    for listed in list_releases(store, environment_name, limit=_LOOKED_AT):
        for image in _images_of(_release(store, environment_name, listed.ticket)):
            found.setdefault(image.service, image)
    return found


def _images_of(state: ReleaseState) -> list[ev.ImageReady]:
    """List the images that a release brought, or that its revert brought back."""
    if state.reversal is None or state.is_running:
        return state.results(ev.ImageReady, Phase.MIGRATE)
    kept = ((one.name, one.images[0]) for one in state.reversal.plan.services if one.images)
    return [ev.ImageReady(service, image.reference, image.image_id) for service, image in kept]


def _release(store: EventStore, environment_name: str, ticket: str) -> ReleaseState:
    return release.fold(store.read(ev.release_stream(environment_name, ticket)))
