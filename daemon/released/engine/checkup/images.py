"""What images are built from: a build on the night of a release needs it, and the network may be gone."""

from __future__ import annotations

from collections.abc import Iterator

from released.adapters.git.records import TreeEntry
from released.domain.environments.checkup import Check, ok, warning
from released.domain.errors import StepFailed
from released.domain.ids import Sha
from released.domain.ops_repo.dockerfile import base_images
from released.engine.checkup.subject import Subject


def bases(subject: Subject) -> Check:
    """Look whether each base image of the present commit is on the engine, or can be pulled."""
    needed = dict(_needed(subject, subject.world.git.state().head))
    missing = {image: why for image in needed if (why := _lacking(subject, image))}
    if not missing:
        return ok(
            "images", f"Base images (FROM) are on the engine or can be pulled: {', '.join(needed) or 'none is named'}."
        )
    named = "; ".join(f"{image} of {needed[image]}: {why}" for image, why in missing.items())
    return warning(
        "images",
        f"Base images (FROM) are not on the engine and cannot be pulled: {named}.",
        " && ".join(f"docker pull {image}" for image in missing),
    )


def _needed(subject: Subject, head: Sha) -> Iterator[tuple[str, str]]:
    """Give each base image, and the Dockerfile that names it."""
    git, packages = subject.world.git, subject.world.settings.folders.packages
    for entry in git.list_folder(head, packages, recursive=True):
        if _is_dockerfile(entry):
            text = (git.read(head, entry.path) or b"").decode("utf-8", "replace")
            yield from ((image, entry.path) for image in base_images(text))


def _is_dockerfile(entry: TreeEntry) -> bool:
    name = entry.path.rpartition("/")[2]
    return entry.mode.startswith("100") and (name == "Dockerfile" or name.startswith("Dockerfile."))


def _lacking(subject: Subject, image: str) -> str:
    """Say why an image could not be had; empty where it could."""
    engine = subject.world.engine
    if engine.image_id(image) is not None:
        return ""
    try:
        engine.look_up_in_registry(image)
    except StepFailed as failed:
        return failed.failure.evidence.rstrip(".")
    return ""
