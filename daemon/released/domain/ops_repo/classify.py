"""Which services a range of commits affects, and why (spec: prepare, 4)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence

from released.domain.releases.plan import PathVerdict

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
    package = _package(path, packages)
    matched = {pattern: names for pattern, names in shared.items() if fnmatch.fnmatchcase(path, pattern)}
    rules = [f"{packages}/{package}/"] if package in services else []
    rules += [f"shared path {pattern}" for pattern in matched]
    if rules:
        named = {package, *(name for names in matched.values() for name in names)}
        return PathVerdict(path, tuple(name for name in sorted(services) if name in named), ", ".join(rules))
    if package is not None:
        rule = f"{packages}/{package} has no manifest in the commit to be released (deleted package?)"
        return PathVerdict(path, (), rule)
    if path.startswith(f"{releases}/"):
        return PathVerdict(path, (), "a ticket script: run in phase ticket, affects no service")
    if any(fnmatch.fnmatchcase(path, pattern) for pattern in _DOCS):
        return PathVerdict(path, (), "documentation")
    if path.startswith("recovery/playbooks/"):
        return PathVerdict(path, (), "a playbook: affects no service")
    return PathVerdict(path, (), UNMATCHED)


def _package(path: str, packages: str) -> str | None:
    """Name the package that a path lies in; a file right below the folder of packages lies in none."""
    if not path.startswith(f"{packages}/"):
        return None
    name, slash, _ = path.removeprefix(f"{packages}/").partition("/")
    return name if slash else None


def affected(verdicts: Iterable[PathVerdict]) -> list[str]:
    """List the affected services, by name."""
    return sorted({name for verdict in verdicts for name in verdict.services})


def unmatched(verdicts: Iterable[PathVerdict]) -> list[str]:
    """List the paths that no rule matches."""
    return [verdict.path for verdict in verdicts if verdict.rule == UNMATCHED]
