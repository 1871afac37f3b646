"""The disk that a guest begins with: Debian, the product, a site with version 1 of its services running."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support import stack_files
from support.guest import installation, site
from support.guest.debian import debian
from support.guest.machine import Image, Machine

if TYPE_CHECKING:
    from support.guest.agent import Agent
    from support.stack_images import FirstImages

_BYTES = 3 * 1024**3


@dataclass(frozen=True)
class Guest:
    """What a guest begins with, and what there is to do in it."""

    image: Image
    site: site.Site


def build(folder: Path, cache: Path, images: FirstImages, tickets: int) -> Guest:
    """Build the disk, boot it once to start the services, and shut it down.

    Args:
        folder: where the disk is made.
        cache: where what is the same for every version of the product is kept for the next time.
        images: the images of version 1.
        tickets: how many are there to be released.
    """
    root = folder / "root"
    _run("cp", "--archive", debian(cache), root)
    installation.install(root)
    made = site.furnish(root, images, tickets)
    image = Image(folder / "disk", *(_boot_file(root, folder, name) for name in ("vmlinuz", "initrd.img")))
    _format(image.disk, root)
    with Machine(image, folder / "console") as machine:
        _start_services(machine.agent, made)
        machine.shut_down()
    return Guest(image, made)


def _boot_file(root: Path, folder: Path, name: str) -> Path:
    (found,) = (root / "boot").glob(f"{name}-*")
    return Path(shutil.copy(found, folder / name))


def _format(disk: Path, root: Path) -> None:
    """Make a file system of a folder, which is gone then."""
    with disk.open("wb") as file:
        file.truncate(_BYTES)
    _run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, disk)
    shutil.rmtree(root)


def _start_services(agent: Agent, made: site.Site) -> None:
    """Start version 1 as a person would have, before there was a daemon."""
    agent.must("docker", "load", "--quiet", "--input", site.IMAGES)
    for service, image in made.first_images.items():
        agent.must("docker", "tag", image, f"{made.names.image(service)}:{stack_files.FIRST_TAG}")
        folder = f"{installation.CHECKOUT}/packages/{service}"
        project = ("--project-name", made.names.project(service), "--project-directory", folder)
        files = ("--file", f"{folder}/docker-compose.yaml", "--env-file", f"{installation.CHECKOUT}/.env")
        agent.must("docker-compose", *project, *files, "up", "--detach", "--no-build", "--no-deps", service)


def _run(*command: str | Path) -> None:
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
