"""Tools that a release needs and does not find, or that somebody else uses."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.bare_sites import BareSites
    from support.site import Site

_APP = {
    "packages/app/manifest.yaml": "name: app\nimage: {name: app, tag: '1'}\ncontainers: [{name: app}]\n",
    "packages/app/docker-compose.yaml": "services: {app: {image: 'app:1'}}\n",
}


def test_a_missing_compose_is_refused_with_the_packages_that_bring_it(bare_sites: BareSites) -> None:
    site = bare_sites.site("no-compose")
    site.merge("5001", _APP)

    refusal = site.refuses("run", "5001")

    assert refusal.reason == "compose_missing"
    assert "Compose (v2, or 1.29) is not installed" in refusal.message
    assert "docker-compose-plugin (v2) or docker-compose (1.29)" in refusal.message


def test_an_engine_that_does_not_answer_is_refused_with_its_address(bare_sites: BareSites) -> None:
    site = bare_sites.site("no-engine")
    site.merge("5002", _APP)

    refusal = site.refuses("run", "5002")

    assert refusal.reason == "engine_unreachable"
    assert "The Docker engine at unix:///tmp/released-no-engine-listens-here.sock does not answer" in refusal.message
    assert "systemctl start docker" in refusal.message


def test_a_workspace_that_another_tool_has_locked_is_refused_with_the_command_that_names_the_tool(site: Site) -> None:
    site.merge("5003", {"packages/web/src/www/version": "web 2\n"})
    file = site.ops.checkout / ".asd/workspace/releases/.lock"
    file.parent.mkdir(parents=True, exist_ok=True)

    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refusal = site.refuses("run", "5003")

    assert refusal.reason == "workspace_locked"
    assert f"Another tool holds the lock {file}. Let it end (fuser {file} names it)" in refusal.message


def test_a_workspace_that_cannot_be_made_is_refused_with_what_is_in_the_way(site: Site) -> None:
    site.merge("5004", {"packages/web/src/www/version": "web 2\n"})
    (site.ops.checkout / ".asd").mkdir(exist_ok=True)
    in_the_way = site.ops.checkout / ".asd/workspace"
    in_the_way.write_text("not a folder\n", encoding="utf-8")

    refusal = site.refuses("run", "5004")

    assert refusal.reason == "workspace_unusable"
    assert f"cannot be used: Not a directory ({in_the_way}/releases)" in refusal.message
