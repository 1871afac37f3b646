"""A service with a volume, or a volume of one, that comes with the ticket: nothing to save yet halts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.stack_images import docker
from support.standing import BackAndForth
from support.stories import of_type, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.stack import Stack
    from support.stack_images import FirstImages


def test_a_new_service_is_released_though_its_volume_does_not_exist_yet(
    tmp_path: Path, first_images: FirstImages
) -> None:
    with served(tmp_path / "stack", first_images, ("slow",)) as (stack, _):
        with (stack.ops.checkout / ".env").open("a", encoding="utf-8") as env:
            # Without containers Compose's project would be the folder's name, and the volume everybody's.
            env.write(f"COMPOSE_PROJECT_NAME={stack.names.project('web')}\n")
        known = {**stack.new_version("web", "1"), **stack.new_version("front", "1")}
        stack.merge("1233", dict.fromkeys(known))
        stack.ops.git("pull", "--quiet", "origin", "main")
        stack.merge("1234", stack.new_version("web", "2"))

        released = stack.client("run", "1234")

        assert released.returncode == 0, released.stdout + released.stderr
        assert stack.containers.running_tags()["web"] == "2"


@pytest.fixture(scope="module", name="new_volume")
def _new_volume(tmp_path_factory: pytest.TempPathFactory, first_images: FirstImages) -> Iterator[BackAndForth]:
    """Release a volume that web did not have, with its backup, and take that back."""
    with served(tmp_path_factory.mktemp("volume") / "stack", first_images, ("web",)) as (stack, _):
        story = BackAndForth.begin(stack)
        stack.merge("1234", _with_another_volume(stack))
        story.client("run", "run", "1234")
        stack.containers.run_in("web", "touch", "/data/order", "/extra/order")
        story.client("looked at", "revert", "1234", "--dry-run")
        story.client("back", "revert", "1234", "--yes", "--with-data", "web")
        story.notes["files"] = stack.containers.run_in("web", "ls", "/data")
        story.notes["volumes"] = docker("volume", "ls", "--quiet", "--filter", f"name={stack.names.prefix}")
        yield story


def _with_another_volume(stack: Stack) -> dict[str, str]:
    files = stack.new_version("web", "2")
    manifest, compose = files["packages/web/manifest.yaml"], files["packages/web/docker-compose.yaml"]
    compose = compose.replace("'web-data:/data'", "'web-data:/data', 'web-extra:/extra'") + "  web-extra: {}\n"
    return {
        **files,
        "packages/web/manifest.yaml": manifest.replace("[web-data]", "[web-data, web-extra]"),
        "packages/web/docker-compose.yaml": compose,
    }


def test_a_new_volume_of_a_service_is_released_with_its_backup(new_volume: BackAndForth) -> None:
    assert new_volume.code("run") == 0, new_volume.said("run")


def test_that_there_was_nothing_of_it_to_save_is_on_record(new_volume: BackAndForth) -> None:
    results = [data["result"] for data in of_type(new_volume.record, "step_succeeded") if data["step"] == "web.backup"]
    assert results[0]["nothing_yet"] == ["web-extra"]


def test_a_new_volume_stays_when_its_release_is_taken_back_and_that_is_said(new_volume: BackAndForth) -> None:
    assert "web: volume web-extra came with the release; it stays as it is" in new_volume.said("looked at")
    assert new_volume.code("back") == 0, new_volume.said("back")
    project = new_volume.stack.names.project("web")
    assert new_volume.notes["volumes"].split() == [f"{project}_web-data", f"{project}_web-extra"]


def test_the_data_that_was_saved_comes_back_beside_a_new_volume(new_volume: BackAndForth) -> None:
    assert "order" not in new_volume.notes["files"].split()
