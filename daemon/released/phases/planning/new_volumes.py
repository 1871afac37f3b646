"""Volumes that come with a release: what does not exist yet cannot be saved before (spec: prepare, 5)."""

from __future__ import annotations

import msgspec

from released.adapters.docker.compose_model import declared_volumes
from released.adapters.git.checkout import Git
from released.domain.ids import Sha
from released.domain.ops_repo import manifest as mf
from released.domain.releases.plan import ServicePlan


def with_new_volumes(git: Git, service: ServicePlan, base: Sha, merge: Sha) -> ServicePlan:
    """Find the volumes that a service has saved, the former manifest did not name, and the Compose file declares.

    A name that neither of the two knows is more likely a mistake than new.
    """
    if "volume" not in service.backup.kinds:
        return service
    known, declared = _named_before(git, service, base), _declared(git, service, merge)
    new = tuple(name for name in service.backup.volumes if name in declared and name not in known)
    return msgspec.structs.replace(service, backup=msgspec.structs.replace(service.backup, new_volumes=new))


def _named_before(git: Git, service: ServicePlan, base: Sha) -> frozenset[str]:
    """Read what the former manifest names; of one that cannot be read all may be known."""
    path = f"{service.folder}/manifest.yaml"
    raw = git.read(base, path)
    if raw is None:
        return frozenset()
    try:
        manifest, _ = mf.parse_manifest(raw.decode(), path, service.name)
    except (mf.InvalidManifest, UnicodeDecodeError):
        return frozenset(service.backup.volumes)
    return frozenset(manifest.backup.volumes)


def _declared(git: Git, service: ServicePlan, merge: Sha) -> frozenset[str]:
    raw = git.read(merge, service.compose_file) if service.compose_file else None
    return declared_volumes(raw.decode("utf-8", "replace")) if raw else frozenset()
