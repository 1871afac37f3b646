"""The ``.env`` of the checkout: released writes the tags of images there, and nothing else (spec: The ops repo)."""

from __future__ import annotations

from collections.abc import Mapping

from released.adapters.durability import rewrite_durably
from released.domain.errors import StepFailed
from released.domain.failure import Failure
from released.domain.ops_repo import dotenv
from released.phases.effects import Slot
from released.phases.world import World


def read_env_file(world: World) -> str:
    """Read the file, its line ends untranslated; empty where there is none."""
    # As bytes: reading text would translate the line ends of lines that are none of ours.
    return world.env_file.read_bytes().decode() if world.env_file.exists() else ""


def set_variables(world: World, variables: Mapping[str, str | None], slot: Slot) -> None:
    """Set variables, every other line untouched to the byte; one whose value is ``None`` is taken out.

    Raises:
        StepFailed: ``env_file_not_written``.
    """
    text = changed = read_env_file(world)
    for name, value in variables.items():
        changed = (
            dotenv.without_variable(changed, name) if value is None else dotenv.with_variable(changed, name, value)
        )
        slot.say(f"{name}={value}" if value is not None else f"{name} taken out")
    if changed != text:
        _rewrite(world, changed, variables)


def _rewrite(world: World, text: str, variables: Mapping[str, str | None]) -> None:
    try:
        # Inside git's own folder a crash leaves the secrets where no git add finds them.
        rewrite_durably(world.env_file, text.encode(), world.git.own_folder())
    except OSError as error:
        lines = ", ".join(f"{name}={value or ''}" for name, value in variables.items())
        raise StepFailed(
            Failure(
                "env_file_not_written",
                f"{world.env_file} could not be rewritten: {error.strerror}. Write {lines} into it, then resume.",
            )
        ) from None
