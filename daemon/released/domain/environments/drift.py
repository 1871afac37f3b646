"""Drift: where what runs, or what is checked out, is not what the record and the manifests say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from released.domain.events import ImageReady
from released.domain.failure import NextCommand
from released.domain.listing import shortened
from released.domain.releases import next_steps
from released.domain.releases.plan import Image
from released.domain.releases.release import ReleaseState

_PATHS_SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """One thing that was compared."""

    subject: str
    """A service, ``release``, ``checkout``, ``.env`` or ``containers``."""
    line: str
    """``✓`` or ``✗``, and what was found."""
    fix: NextCommand | None = None

    @property
    def drifted(self) -> bool:
        """True where it is not as it should be."""
        return self.line.startswith("✗")


@dataclass(frozen=True)
class Deployed:
    """What the record knows of what is deployed."""

    head: str | None = None
    """The commit at which the latest release left the checkout."""
    ticket: str = ""
    """Of that release."""
    images: Mapping[str, ImageReady] = field(default_factory=dict)
    """For each service the image that a release made ready last."""
    occupant: ReleaseState | None = None
    """The release that occupies the environment: what it left undone is drift until it is settled."""

    def image_id(self, service: str, reference: str) -> str | None:
        """Give the image that a reference stood for in the service's latest release."""
        known = self.images.get(service)
        return known.image_id or None if known and known.reference == reference else None


@dataclass(frozen=True)
class Checkout:
    """How a checkout stands."""

    repo: str
    head: str
    branch: str | None
    """``None`` for a detached HEAD."""
    dirty: tuple[str, ...]
    """Paths that differ from HEAD."""


def checkout_findings(found: Checkout, deployed: Deployed, branch: str) -> list[Finding]:
    """Compare a checkout with the commit that was released last, and with the configured branch."""
    return [_head(found, deployed), _branch(found, branch), _clean(found)]


def _head(found: Checkout, deployed: Deployed) -> Finding:
    here, expected = found.head[:12], deployed.head
    if expected is None:
        return Finding("checkout", f"✓ checkout.head: {here} (no release is on record)")
    by = f"(ticket {deployed.ticket})"
    if found.head == expected:
        return Finding("checkout", f"✓ checkout.head: {here} {by}")
    line = f"✗ checkout.head: got {here}, expected {expected[:12]} {by}"
    return Finding("checkout", line, _git(found, "takes the checkout back", "reset", "--hard", expected))


def _branch(found: Checkout, branch: str) -> Finding:
    if found.branch == branch:
        return Finding("checkout", f"✓ checkout.branch: {branch}")
    if found.branch is None:
        line = f"✗ checkout.branch: got a detached HEAD, expected {branch}"
        return Finding("checkout", line, _git(found, "goes back to the branch", "checkout", branch))
    line = f"✗ checkout.branch: got {found.branch}, expected {branch}"
    return Finding("checkout", line, _status(found) if found.dirty else next_steps.return_to_main())


def _clean(found: Checkout) -> Finding:
    if not found.dirty:
        return Finding("checkout", "✓ checkout.clean: nothing differs from HEAD")
    line = f"✗ checkout.clean: {_listed(found.dirty)} not as in HEAD"
    return Finding("checkout", line, _status(found))


def release_findings(occupant: ReleaseState | None) -> list[Finding]:
    """Say which release occupies the environment: until it is settled, what it left undone differs."""
    if occupant is None:
        return []
    named = f"ticket {occupant.ticket} (run {occupant.run})"
    if occupant.is_running:
        line = f"✗ release.settled: {named} is under way, in phase {occupant.phase or occupant.status}"
        return [Finding("release", line, next_steps.follow(occupant.ticket)[0])]
    line = f"✗ release.settled: {named} is halted in phase {occupant.phase}"
    return [Finding("release", line, next_steps.look_at(occupant.ticket)[0])]


def _git(found: Checkout, effect: str, *arguments: str) -> NextCommand:
    """Give a command that moves the checkout; where work would be lost with it, one that shows the work."""
    if found.dirty:
        return _status(found)
    return NextCommand(("git", "-C", found.repo, *arguments), effect, "changes")


def _status(found: Checkout) -> NextCommand:
    return NextCommand(("git", "-C", found.repo, "status"), "shows what differs: look first, it is often work")


def _listed(paths: Sequence[str]) -> str:
    return f"{', '.join(shortened(paths, _PATHS_SHOWN))} {'is' if len(paths) == 1 else 'are'}"


def pin_finding(image: Image, variables: Mapping[str, str], env_file: str) -> Finding | None:
    """Compare the tag in ``.env`` with the manifest's; ``None`` where the image is not pinned there."""
    name = image.env_var
    if name is None:
        return None
    value = variables.get(name)
    if value == image.tag:
        return Finding(".env", f"✓ .env.{name}: {image.tag}")
    script = f"$a{name}={image.tag}" if value is None else f"s|^{name}=.*|{name}={image.tag}|"
    fix = NextCommand(("sed", "-i", script, env_file), "writes the manifest's tag", "changes")
    return Finding(".env", f"✗ .env.{name}: got {value or 'nothing'}, expected {image.tag}", fix)
