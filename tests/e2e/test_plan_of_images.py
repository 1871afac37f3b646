"""A plan covers the images that run: a run that is held to it is refused once somebody replaced one by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.stack_images import docker
from support.stories import served

if TYPE_CHECKING:
    from pathlib import Path

    from support.stack_images import FirstImages


def test_a_run_is_refused_once_another_image_runs(tmp_path: Path, first_images: FirstImages) -> None:
    with served(tmp_path / "stack", first_images, running=("front",)) as (stack, _):
        stack.merge("1000", {"packages/front/tpl.env": "# nothing is needed\n"})
        looked_at = json.loads(stack.client("-o", "json", "plan", "1000").stdout)["plan_hash"]
        front = stack.names.container("front")
        docker("commit", front, f"{stack.names.image('front')}:1")
        docker("rm", "--force", front)
        stack.containers.recreate_by_hand(stack.ops.checkout, "front", "1")

        refused = stack.client("-o", "json", "run", "1000", "--plan", looked_at)

        assert (refused.returncode, json.loads(refused.stdout)["error"]["reason"]) == (3, "plan_stale")
