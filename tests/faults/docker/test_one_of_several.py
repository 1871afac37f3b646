"""Two services are replaced, and the second one does not start: what is half new is never called done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.invariants import Remains, broken
from support.stack_images import docker
from support.stories import events, of_type, served

if TYPE_CHECKING:
    from pathlib import Path

    from support.evidence import Evidence
    from support.stack_images import FirstImages

pytestmark = [pytest.mark.tier1, pytest.mark.timeout(300)]

MAIN = "packages/front/src/main.sh"


def test_a_service_that_ends_at_once_halts_the_release_and_the_way_back_brings_back_both(
    tmp_path: Path, first_images: FirstImages, evidence: Evidence
) -> None:
    """Row 32: the first service runs its new version already."""
    with served(tmp_path / "stack", first_images, ("web", "front")) as (stack, _):
        first = stack.containers.running_tags()
        stack.merge("1234", {**stack.new_version("web", "2"), **stack.new_version("front", "2"), MAIN: "exit 3\n"})
        code = stack.client("run", "1234").returncode
        half_new = stack.containers.running_tags()
        status = json.loads(stack.client("-o", "json", "status", "1234").stdout)
        exit_code = docker("inspect", "--format={{.State.ExitCode}}", stack.names.container("front")).strip()
        record = events(stack, "1234")
        remains = broken(Remains.of_stack(stack))
        dotenv = (stack.ops.checkout / ".env").read_text(encoding="utf-8")
        back = stack.client("revert", "1234", "--yes", "--skip-data").returncode
        evidence.fired(exit_code == "3")

        assert (first, half_new) == ({"web": "1", "front": "1"}, {"web": "2"})
        assert (code, status["halt_cause"], status["failure"]["phase"]) == (1, "failed", "migrate")
        assert of_type(record, "released") == []
        assert ("WEB_IMAGE_TAG=2" in dotenv, "FRONT_IMAGE_TAG=1" in dotenv) == (True, True)
        assert (back, stack.containers.running_tags()) == (0, first)
        assert [*remains, *broken(Remains.of_stack(stack))] == []
