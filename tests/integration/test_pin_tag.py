"""The tag that runs is written into ``.env``, which belongs to somebody and may lie elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from released.adapters.commands.scripts import Scripts
from released.adapters.git.checkout import Git
from released.domain.configuration import Environment
from released.domain.errors import StepFailed
from released.domain.releases.plan import Image
from released.engine.slots import AttemptSlot
from released.phases import migrate
from released.phases.world import World
from support.given_when_then import plan, requested, service, state_after
from support.ops_repo import OpsRepo

if TYPE_CHECKING:
    from pathlib import Path

    from released.adapters.docker.engine import DockerEngine
    from released.phases.effects import Step


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    return OpsRepo.create(tmp_path / "ops", {"packages/web/manifest.yaml": "name: web\n"}).checkout


@pytest.fixture(name="pin")
def _pin(checkout: Path) -> Step:
    """The step that writes ``WEB_TAG=2``."""
    world = World(
        name="prod",
        settings=Environment.model_validate({"repo": str(checkout)}),
        state_dir=checkout,
        git=Git(checkout, "origin", "main"),
        engine=cast("DockerEngine", None),
        scripts=Scripts(),
    )
    web = msgspec.structs.replace(service("web"), image=Image("web", "2", "WEB_TAG"))
    state = state_after(requested(msgspec.structs.replace(plan(), services=(web,))))
    return next(step for step in migrate.steps(world, state) if step.name == "web.pin-tag")


def test_a_dotenv_that_is_a_link_stays_one_and_its_target_gets_the_tag(
    tmp_path: Path, checkout: Path, pin: Step
) -> None:
    (tmp_path / "vars").write_text("WEB_TAG=1\nPASSWORD=x\n")
    (checkout / ".env").symlink_to(tmp_path / "vars")
    pin.effect.perform(AttemptSlot(tmp_path, tmp_path / "slot", str))
    assert (checkout / ".env").is_symlink()
    assert (tmp_path / "vars").read_text() == "WEB_TAG=2\nPASSWORD=x\n"


def test_secrets_are_written_to_gits_own_folder_before_they_take_their_place(
    tmp_path: Path, checkout: Path, pin: Step
) -> None:
    (checkout / ".env").write_text("WEB_TAG=1\n")
    stale = checkout / ".git" / ".env.released-tmp"
    stale.write_text("PASSWORD=x\n")
    pin.effect.perform(AttemptSlot(tmp_path, tmp_path / "slot", str))
    assert not stale.exists()


def test_a_dotenv_that_cannot_be_rewritten_is_named_with_the_line_that_it_lacks(
    tmp_path: Path, checkout: Path, pin: Step
) -> None:
    (checkout / ".env").write_text("WEB_TAG=1\n")
    (checkout / ".git" / ".env.released-tmp").mkdir()
    with pytest.raises(StepFailed, match=r"\.env could not be rewritten: .* Write WEB_TAG=2 into it") as caught:
        pin.effect.perform(AttemptSlot(tmp_path, tmp_path / "slot", str))
    assert caught.value.code == "env_file_not_written"
