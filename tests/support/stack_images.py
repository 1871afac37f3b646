"""Images of the test stack's services at version 1: built once, then tagged for each stack."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from support import stack_files
from support.busybox_root import BUSYBOX

if TYPE_CHECKING:
    from types import TracebackType

# The label comes first, so that no layer is shared with another run, which may remove it while this one builds upon it.
_BASE = """\
FROM scratch
LABEL {label}={name}
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
"""
_LABEL = "released.test"
# The classic builder is part of every engine; its successor is a program of its own that may be missing.
_ENVIRONMENT = {**os.environ, "DOCKER_BUILDKIT": "0"}


class FirstImages:
    """The base image and one image per service, under a name that nobody else uses; ``with`` removes them."""

    def __init__(self) -> None:
        self._name = f"released-first-{uuid4().hex[:12]}"
        self.base = f"{self._name}:base"

    def __enter__(self) -> Self:
        try:
            self.build()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.remove()

    def build(self) -> None:
        """Build all of them from a static busybox; nothing is pulled."""
        with TemporaryDirectory() as folder:
            shutil.copy2(BUSYBOX, folder)
            _build(Path(folder), {"Dockerfile": _BASE.format(label=_LABEL, name=self._name)}, self.base)
        for service in stack_files.SERVICES:
            files = stack_files.source_files(self.base, service, stack_files.FIRST_TAG)
            with TemporaryDirectory() as folder:
                _build(Path(folder), files, self.reference(service))

    def reference(self, service: str) -> str:
        """Name the image of a service."""
        return f"{self._name}:{service}"

    def tag(self, service: str, reference: str) -> None:
        """Give a service's image one more name."""
        docker("tag", self.reference(service), reference)

    def remove(self) -> None:
        """Remove them and every image that was built upon them, which inherited the base's label.

        So did the containers that builds which failed left behind.
        """
        if left := self._labelled("ps", "--all"):
            docker("rm", "--force", *left)
        before: list[str] = []
        # The engine's order is by the second, so that children may come after their parent: then again.
        while (found := self._labelled("images")) and found != before:
            subprocess.run(["docker", "rmi", "--force", *found], capture_output=True, check=False)  # noqa: S607 (as below)
            before = found
        assert not found, f"docker cannot remove {found}"

    def _labelled(self, *listing: str) -> list[str]:
        label = f"label={_LABEL}={self._name}"
        return list(dict.fromkeys(docker(*listing, "--quiet", "--no-trunc", "--filter", label).split()))


def docker(*arguments: str) -> str:
    """Run the Docker client as a person does; return what it printed.

    Raises:
        AssertionError: it failed; the message holds its complaint.
    """
    finished = subprocess.run(
        ["docker", *arguments],  # noqa: S607 (tests use the client that is found on the path)
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, f"docker {arguments[0]}: {finished.stderr}"
    return finished.stdout


def _build(folder: Path, files: dict[str, str], tag: str) -> None:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    docker("build", "--quiet", "--tag", tag, str(folder))
