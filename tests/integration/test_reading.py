"""Which services and hooks a commit holds, read from a real repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.adapters.git.checkout import Git
from released.domain.configuration import Environment
from released.phases.reading import read_catalogue
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from pathlib import Path

    from released.domain.plan import ServicePlan

SCRIPT = "#!/bin/sh\n"


def read_web(folder: Path, *scripts: str) -> ServicePlan:
    """Read service ``web`` from a commit with these files in its ``scripts`` folder."""
    files = {f"packages/web/scripts/{name}": SCRIPT for name in scripts}
    repo = OpsRepo.create(folder, {"packages/web/manifest.yaml": "name: web\n", **files})
    git = Git(repo.checkout, "origin", "main")
    settings = Environment.model_validate({"repo": str(repo.checkout)})
    return read_catalogue(git, settings, git.fetch(), "").services["web"]


def test_hooks_of_a_point_are_found_in_name_order(tmp_path: Path) -> None:
    web = read_web(tmp_path, "pre_start_init.sh", "pre_start_init", "pre_start_init.10-a.py", "ensure-config.sh")
    assert [hook.name for hook in web.pre_start_init] == [
        "pre_start_init",
        "pre_start_init.10-a.py",
        "pre_start_init.sh",
    ]


@pytest.mark.parametrize("name", ["pre_start_init.d/10-init.sh", "pre_start_init.d/README.md", "pre_start_init/a.sh"])
def test_what_lies_in_a_folder_is_no_hook(tmp_path: Path, name: str) -> None:
    assert read_web(tmp_path, name, "pre_start_init_old.sh").pre_start_init == ()
