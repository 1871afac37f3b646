"""Which services a range of commits affects, and why (spec: prepare, 4)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence

from released.domain.plan import PathVerdict

IGNORE, WARN, REFUSE = "ignore", "warn", "refuse"
"""What configuration may say about paths that no rule matches."""

UNMATCHED = "no rule matches it"
_DOCS = ("docs/**", "**.md", "*.md", "LICENSE*", ".git*", "**/.gitignore")


def classify(
    paths: Iterable[str],
    services: Sequence[str],
    shared: Mapping[str, Sequence[str]],
    packages: str = "packages",
    releases: str = "releases",
) -> list[PathVerdict]:
    """Judge every changed path.

    Args:
        paths: changed paths, relative to the root of the ops repo.
        services: services that exist in the commit to be released.
        shared: configured patterns of shared paths and the services that each affects.
        packages: folder of the services.
        releases: folder of the ticket scripts.
    """
    return [_judge(path, services, shared, packages, releases) for path in paths]


def _judge(
    path: str, services: Sequence[str], shared: Mapping[str, Sequence[str]], packages: str, releases: str
) -> PathVerdict:
    first, _, rest = path.partition("/")
    if first == packages and "/" in rest:
        return _in_package(path, rest.partition("/")[0], services, packages)
    matched = [(pattern, names) for pattern, names in shared.items() if fnmatch.fnmatchcase(path, pattern)]
    if matched:
        affected = sorted({name for _, names in matched for name in names if name in services})
        return PathVerdict(path, tuple(affected), f"shared path {matched[0][0]}")
    if first == releases:
        return PathVerdict(path, (), "a ticket script: run in phase ticket, affects no service")
    if any(fnmatch.fnmatchcase(path, pattern) for pattern in _DOCS):
        return PathVerdict(path, (), "documentation")
    if path.startswith("recovery/playbooks/"):
        return PathVerdict(path, (), "a playbook: affects no service")
    return PathVerdict(path, (), UNMATCHED)


def _in_package(path: str, name: str, services: Sequence[str], packages: str) -> PathVerdict:
    if name in services:
        return PathVerdict(path, (name,), f"{packages}/{name}/")
    return PathVerdict(path, (), f"{packages}/{name} has no manifest in the commit to be released (deleted package?)")


def affected(verdicts: Iterable[PathVerdict]) -> list[str]:
    """List the affected services, by name."""
    return sorted({name for verdict in verdicts for name in verdict.services})


def unmatched(verdicts: Iterable[PathVerdict]) -> list[str]:
    """List the paths that no rule matches."""
    return [verdict.path for verdict in verdicts if verdict.rule == UNMATCHED]
