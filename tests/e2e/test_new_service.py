"""A service that comes with the ticket and keeps a volume: there is nothing to save yet, and that halts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.stories import served

if TYPE_CHECKING:
    from pathlib import Path

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
