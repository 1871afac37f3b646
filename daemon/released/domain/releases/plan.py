"""The plan of a release: every fact that its phases need, computed once and recorded when the run is accepted.

Phases expand this plan into steps. Because it is recorded, the expansion is the same after a crash.
"""

from __future__ import annotations

import msgspec

from released.domain.ids import ServiceName, Sha


class Executable(msgspec.Struct, frozen=True):
    """A hook or a ticket script as it stands in the commit that is released."""

    path: str
    """Relative to the root of the ops repo."""
    blob: str
    """The git object id of its content: what is on disk must equal it."""
    repeatable: bool = False
    timeout_s: float | None = None
    idle_s: float | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rsplit("/", 1)[-1]


class Image(msgspec.Struct, frozen=True):
    """The image that a manifest asks for."""

    name: str
    tag: str
    env_var: str | None = None
    build: bool = False

    @property
    def reference(self) -> str:
        """``name:tag``."""
        return f"{self.name}:{self.tag}"


class Container(msgspec.Struct, frozen=True):
    """A container of a service; ``name`` already carries CONTAINER_PREFIX."""

    name: str
    role: str = "app"
    required: bool = True
    health_check: bool = False


class Health(msgspec.Struct, frozen=True):
    """How a service says that it is well."""

    endpoint: str | None = None
    expected_code: int = 200
    timeout_s: float = 120.0


class BackupPolicy(msgspec.Struct, frozen=True):
    """What a manifest wants backed up before a release touches the service."""

    kinds: tuple[str, ...] = ()
    """``volume`` and ``config``."""
    quiesce: str = "none"
    """``none``, ``pause`` or ``stop``: what is done to the containers while volumes are read."""
    volumes: tuple[str, ...] = ()
    retention: int = 7
    new_volumes: tuple[str, ...] = ()
    """Those that come with the release: nothing is missing where one of them does not exist yet."""

    def along_with(self, other: BackupPolicy) -> BackupPolicy:
        """Give the policy that saves what either of the two does; where both save, this one's quiesce holds."""
        return BackupPolicy(
            kinds=tuple(dict.fromkeys((*self.kinds, *other.kinds))),
            quiesce=self.quiesce if self.kinds else other.quiesce,
            volumes=tuple(dict.fromkeys((*self.volumes, *other.volumes))),
            retention=self.retention,
            new_volumes=self.new_volumes,
        )


class ServicePlan(msgspec.Struct, frozen=True):
    """All that a release needs to know of one service, read from the commit that is released."""

    name: ServiceName
    display_name: str
    priority: int
    depends_on: tuple[str, ...]
    stateful: bool
    folder: str
    """Relative to the root of the ops repo, for instance ``packages/wikijs``."""
    image: Image | None
    containers: tuple[Container, ...]
    health: Health
    backup: BackupPolicy
    compose_file: str | None
    """Relative to the root of the ops repo; ``None`` where the service has no Compose file."""
    pre_start_init: tuple[Executable, ...] = ()
    post_start_init: tuple[Executable, ...] = ()
    ensure_config: tuple[Executable, ...] = ()
    post_data_restore: tuple[Executable, ...] = ()
    """Run once the service's data has been restored."""
    post_restore_fixes: tuple[Executable, ...] = ()
    """The hooks that its manifest names for the same moment, in its order."""


class PathVerdict(msgspec.Struct, frozen=True):
    """One changed path, the services that it affects, and the rule that says so."""

    path: str
    services: tuple[str, ...]
    rule: str


class ReleasePlan(msgspec.Struct, frozen=True):
    """Everything a run will do, as pure data."""

    ticket: str
    base_sha: Sha
    head_sha: Sha
    """Where the checkout stood when the run was accepted; differs from BASE_SHA only with ``--base``."""
    merge_sha: Sha
    services: tuple[ServicePlan, ...]
    """The affected services in the order in which they are migrated."""
    verified: tuple[ServicePlan, ...]
    """The services that verify looks at: the affected ones, or every one with ``--verify-all``."""
    scripts: tuple[Executable, ...]
    verdicts: tuple[PathVerdict, ...]
    container_prefix: str = ""
    warnings: tuple[str, ...] = ()
    branch: str = ""
    """The hotfix branch that is released; empty for the configured one."""
    brought_back: tuple[str, ...] = ()
    """Commits that a revert held as bad and that this release brings back."""

    @property
    def nothing_to_do(self) -> bool:
        """True when no service is affected and the ticket has no script."""
        return not self.services and not self.scripts
