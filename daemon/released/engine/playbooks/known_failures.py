"""The known failures of an environment: playbooks that ship with the product, and the team's own at HEAD."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from released.adapters.git.checkout import Git
from released.domain.errors import NotFound, Refused
from released.domain.ids import Sha
from released.domain.playbooks.matching import Facts
from released.domain.playbooks.playbook import Library, read_playbooks
from released.domain.playbooks.recorded_failure import RecordedFailure
from released.domain.releases import next_steps
from released.domain.strict_yaml import located
from released.phases.world import World
from released.store.outputs import tail
from released.store.shipped import shipped

_FOLDER = "recovery/playbooks"
_FILES = "release-*.yaml"
_OUTPUT_BYTES = 1 << 20
"""What of the failed step's output is looked at, from its end."""


def library(git: Git) -> Library:
    """Read every playbook; what cannot be read is told among the problems and hides nothing else."""
    reading = _Reading(git)
    found = read_playbooks((*_built_in(), *reading.files()))
    return found._replace(problems=(*found.problems, *reading.problems))


def unknown_playbook(name: str) -> NotFound:
    """Say that there is no such playbook."""
    return NotFound("playbook_unknown", f"There is no playbook {name!r}.", next_steps.playbooks())


def facts_of(world: World, failure: RecordedFailure) -> Facts:
    """Gather what is on record of a failure, the output of its step too."""
    if failure.output is None:
        return failure.facts
    printed = tail(world.state_dir / failure.output.path, _OUTPUT_BYTES)
    return failure.facts._replace(texts=(*failure.facts.texts, printed))


@cache
def _built_in() -> tuple[tuple[str, bytes], ...]:
    folder = shipped(_FOLDER)
    return tuple((f"built-in/{file.name}", file.read_bytes()) for file in sorted(folder.glob(_FILES)))


class _Reading:
    """Reads the team's playbooks from the tree of HEAD, never from the work tree."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self.problems: list[str] = []

    def files(self) -> Iterator[tuple[str, bytes]]:
        try:
            head = self._git.state().head
            entries = self._git.list_folder(head, _FOLDER)
        except Refused as refused:
            self._complain(_FOLDER, refused)
            return
        for path in (entry.path for entry in entries):
            if fnmatch(Path(path).name, _FILES):
                yield from self._file(head, path)

    def _file(self, head: Sha, path: str) -> Iterator[tuple[str, bytes]]:
        try:
            content = self._git.read(head, path)
        except Refused as refused:
            self._complain(path, refused)
        else:
            yield path, content or b""

    def _complain(self, path: str, refused: Refused) -> None:
        self.problems.append(located(path, 1, (), " ".join(refused.message.split())))
