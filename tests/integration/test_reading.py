"""Which services and hooks a commit holds, read from a real repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from released.adapters.git.checkout import Git
from released.domain.configuration import Environment
from released.domain.errors import Refused
from released.phases.planning.reading import read_catalogue
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from pathlib import Path

    from released.domain.releases.plan import ServicePlan

SCRIPT = "#!/bin/sh\n"


def read_web(folder: Path, *scripts: str, more: str = "", content: str = SCRIPT) -> ServicePlan:
    """Read service ``web`` from a commit with these files in its ``scripts`` folder, and more in its manifest."""
    files = {f"packages/web/scripts/{name}": content for name in scripts}
    repo = OpsRepo.create(folder, {"packages/web/manifest.yaml": f"name: web\n{more}", **files})
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


def test_what_runs_after_a_restore_is_found_by_its_point_and_in_the_order_of_the_manifest(tmp_path: Path) -> None:
    scripts = ("post_data_restore.sh", "post_data_restore.10.py", "chown-data", "reindex.sh", "reindex.py", "other.sh")
    web = read_web(tmp_path, *scripts, more="fixes: {post_restore: {functions: [reindex, chown-data]}}\n")
    assert [hook.name for hook in web.post_data_restore] == ["post_data_restore.10.py", "post_data_restore.sh"]
    assert [hook.name for hook in web.post_restore_fixes] == ["reindex.py", "reindex.sh", "chown-data"]


@pytest.mark.parametrize(("header", "repeatable"), [("", False), ("# released: repeatable\n", True)])
def test_what_runs_after_a_restore_is_repeated_only_if_it_declares_so(
    tmp_path: Path, header: str, *, repeatable: bool
) -> None:
    fixes = "fixes: {post_restore: {functions: [chown-data]}}\n"
    web = read_web(tmp_path, "post_data_restore.sh", "chown-data.sh", more=fixes, content=SCRIPT + header)
    assert [hook.repeatable for hook in (*web.post_data_restore, *web.post_restore_fixes)] == [repeatable] * 2


@pytest.mark.parametrize("script", ["chown-data2.sh", "chown-data.d/a.sh", "CHOWN-DATA"])
def test_a_fix_without_a_hook_is_an_error_with_its_line(tmp_path: Path, script: str) -> None:
    with pytest.raises(Refused) as refused:
        read_web(tmp_path, script, more="fixes:\n  post_restore:\n    functions:\n      - chown-data\n")
    assert refused.value.code == "manifest_invalid"
    assert (
        "packages/web/manifest.yaml:5: fixes.post_restore.functions.0: "
        "expected a hook packages/web/scripts/chown-data or chown-data.*, got none"
    ) in refused.value.message
