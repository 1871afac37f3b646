"""Reads the services of an ops repo as they stand in one commit, never in a work tree."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from released.adapters.git.checkout import Git
from released.adapters.git.records import TreeEntry
from released.domain import strict_yaml
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.domain.ids import ServiceName, Sha
from released.domain.ops_repo import dotenv
from released.domain.ops_repo import manifest as mf
from released.domain.ops_repo.script_header import parse_header
from released.domain.releases.plan import BackupPolicy, Container, Executable, Health, Image, ServicePlan

COMPOSE_FILES = ("docker-compose.yaml", "docker-compose.yml", "compose.yaml", "compose.yml")
UNSUPPORTED_BACKUPS = ("database", "workspace")


@dataclass(frozen=True)
class Catalogue:
    """Every service of a commit, and what its manifests warn about."""

    services: dict[str, ServicePlan]
    warnings: tuple[str, ...]
    required_variables: dict[str, tuple[str, ...]]
    """For each service the variables that its ``tpl.env`` names."""


def read_catalogue(git: Git, settings: Environment, commit: Sha, prefix: str) -> Catalogue:
    """Read and validate every manifest of a commit (spec: The ops repo).

    Raises:
        Refused: ``manifest_invalid``, with every fault of every manifest.
    """
    files = _files_by_service(git, settings, commit)
    texts = _manifest_texts(git, settings, commit, files)
    problems: list[str] = []
    warnings: list[str] = []
    manifests: dict[str, mf.Manifest] = {}
    for name, raw in texts.items():
        path = _manifest_path(settings, name)
        try:
            manifests[name], found = mf.parse_manifest(raw.decode(), path, name)
            warnings += found
            problems += _unknown_dependencies(manifests[name], raw.decode(), path, texts)
            problems += _missing_fixes(manifests[name], raw.decode(), path, files[name])
        except mf.InvalidManifest as invalid:
            problems += invalid.problems
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            problems.append(f"{path}:{line}: (document): expected UTF-8 text")
    if problems:
        raise Refused("manifest_invalid", "Manifests of the commit to be released are wrong:\n" + "\n".join(problems))
    reader = _ServiceReader(git, settings, commit, prefix)
    return Catalogue(
        {name: reader.service(manifest, files[name]) for name, manifest in manifests.items()},
        tuple(warnings),
        {name: reader.required_variables(f"{settings.folders.packages}/{name}", files[name]) for name in manifests},
    )


def _files_by_service(git: Git, settings: Environment, commit: Sha) -> dict[str, dict[str, TreeEntry]]:
    packages = settings.folders.packages
    services: dict[str, dict[str, TreeEntry]] = {}
    for entry in git.list_folder(commit, packages, recursive=True):
        name, slash, _ = entry.path.removeprefix(f"{packages}/").partition("/")
        if slash:
            services.setdefault(name, {})[entry.path] = entry
    return services


def _manifest_path(settings: Environment, service: str) -> str:
    return f"{settings.folders.packages}/{service}/manifest.yaml"


def _manifest_texts(
    git: Git, settings: Environment, commit: Sha, files: dict[str, dict[str, TreeEntry]]
) -> dict[str, bytes]:
    paths = {name: _manifest_path(settings, name) for name in files}
    return {name: git.read(commit, path) or b"" for name, path in paths.items() if path in files[name]}


def _unknown_dependencies(manifest: mf.Manifest, text: str, file: str, services: Collection[str]) -> list[str]:
    document = strict_yaml.parse(text)
    unknown = {("depends_on", index): other for index, other in enumerate(manifest.depends_on) if other not in services}
    return [
        strict_yaml.located(file, document.line(path), path, f"expected a service of the ops repo, got {other!r}")
        for path, other in unknown.items()
    ]


def _missing_fixes(manifest: mf.Manifest, text: str, file: str, entries: Collection[str]) -> list[str]:
    document = strict_yaml.parse(text)
    scripts = f"{file.rpartition('/')[0]}/scripts"
    key = ("fixes", "post_restore", "functions")
    return [
        strict_yaml.located(
            file, document.line((*key, index)), (*key, index), f"expected a hook {scripts}/{name} or {name}.*, got none"
        )
        for index, name in enumerate(manifest.fixes.post_restore.functions)
        if not any(map(_hook(scripts, name).fullmatch, entries))
    ]


def _hook(scripts: str, point: str) -> re.Pattern[str]:
    """Match the hooks of one point: ``scripts/<point>`` or ``scripts/<point>.<name>``, and nothing in a folder."""
    return re.compile(rf"{re.escape(f'{scripts}/{point}')}(\.[^/]+)?")


@dataclass(frozen=True)
class _ServiceReader:
    git: Git
    settings: Environment
    commit: Sha
    prefix: str

    def service(self, manifest: mf.Manifest, entries: dict[str, TreeEntry]) -> ServicePlan:
        folder = f"{self.settings.folders.packages}/{manifest.name}"
        image = manifest.image
        return ServicePlan(
            name=ServiceName(manifest.name),
            display_name=manifest.display_name or manifest.name,
            priority=manifest.priority,
            depends_on=tuple(manifest.depends_on),
            stateful=manifest.stateful,
            folder=folder,
            image=Image(image.name, image.tag, image.env_var, image.build) if image else None,
            containers=tuple(
                Container(self.prefix + one.name, one.role, one.required, one.health_check)
                for one in manifest.containers
            ),
            health=Health(manifest.health.endpoint, manifest.health.expected_code, manifest.health.timeout),
            backup=_backup(manifest.backup),
            compose_file=next((f"{folder}/{name}" for name in COMPOSE_FILES if f"{folder}/{name}" in entries), None),
            pre_start_init=self._hooks(folder, "pre_start_init", entries.values()),
            post_start_init=self._hooks(folder, "post_start_init", entries.values()),
            ensure_config=self._hooks(folder, "ensure-config", entries.values(), repeatable=True),
            post_data_restore=self._hooks(folder, "post_data_restore", entries.values()),
            post_restore_fixes=tuple(
                hook
                for function in manifest.fixes.post_restore.functions
                for hook in self._hooks(folder, function, entries.values())
            ),
        )

    def required_variables(self, folder: str, entries: dict[str, TreeEntry]) -> tuple[str, ...]:
        template = f"{folder}/tpl.env"
        content = self.git.read(self.commit, template) if template in entries else None
        return tuple(dotenv.names(content.decode("utf-8", "replace"))) if content else ()

    def _hooks(
        self, folder: str, point: str, entries: Iterable[TreeEntry], *, repeatable: bool = False
    ) -> tuple[Executable, ...]:
        """Find the hooks of one point in name order."""
        hook = _hook(f"{folder}/scripts", point)
        mine = sorted((entry for entry in entries if hook.fullmatch(entry.path)), key=lambda entry: entry.path)
        return tuple(read_executable(self.git, self.commit, entry, repeatable=repeatable) for entry in mine)


def _backup(backup: mf.Backup) -> BackupPolicy:
    if not backup.enabled:
        return BackupPolicy()
    return BackupPolicy(tuple(backup.type), backup.quiesce, tuple(backup.volumes), backup.retention)


def read_executable(git: Git, commit: Sha, entry: TreeEntry, *, repeatable: bool = False) -> Executable:
    """Read a hook or script: its header's limits, and the content that it must have when it runs."""
    header = parse_header(git.read(commit, entry.path) or b"", entry.path)
    return Executable(entry.path, entry.blob, repeatable or header.repeatable, header.timeout_s, header.idle_s)
