"""An operator who knows nothing: asks ``diagnose``, mends by hand what it says, and types the commands it prints."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

    from support.what_goes_wrong import Row

Document = dict[str, Any]


@dataclass
class Operator:
    """Follows diagnoses of one ticket and keeps them."""

    client: Callable[..., CompletedProcess[str]]
    ticket: str
    told: dict[str, Document] = field(default_factory=dict)
    """The diagnosis of each failure, by the name that the story gives to it."""
    screens: dict[str, str] = field(default_factory=dict)
    """The same as people read it."""
    asked: list[str] = field(default_factory=list)
    """Of which failures a diagnosis was asked for, in order."""
    ended: dict[str, CompletedProcess[str]] = field(default_factory=dict)
    """How the last command came out that was typed for it."""

    def asks(self, name: str) -> Document:
        """Ask for a diagnosis, as a program does."""
        answer = self.client("-o", "json", "diagnose", self.ticket)
        assert answer.returncode == 0, answer.stderr
        self.asked.append(name)
        self.told[name] = json.loads(answer.stdout)
        return self.told[name]

    def looks(self, name: str) -> None:
        """Ask for a diagnosis, as a person does."""
        self.screens[name] = self.client("diagnose", self.ticket).stdout

    def follows(self, name: str, *, also: str = "", instead: str = "") -> None:
        """Type the commands of a diagnosis in their order, and nothing else.

        Args:
            name: of the diagnosis; it is asked for unless that was done.
            also: the condition that holds: its commands are typed, too.
            instead: the condition that holds: its commands are typed in place of those without one.
        """
        told = self.told.get(name) or self.asks(name)
        wanted = {instead} if instead else {"", also}
        commands = [command["argv"] for command in told["next"] if command["condition"] in wanted]
        assert commands, told["next"]
        for argv in commands:
            self.ended[name] = self._type(argv)

    def _type(self, argv: list[str]) -> CompletedProcess[str]:
        """Type a command as it is printed, a reason in place of ``<…>``; what it asks is answered with yes."""
        program, *arguments = ["it is so" if word.startswith("<") else word for word in argv]
        if program == "releasectl":
            return self.client(*arguments, "--yes")
        return subprocess.run(argv, capture_output=True, text=True, check=True)


def shortcomings(row: Row, operator: Operator) -> list[str]:
    """Say where the only diagnosis that was asked for of a failure falls short of its row in the table."""
    told = operator.told[row.name]
    said = list(_said(told))
    changes = [one["argv"] for one in told["next"] if one["danger"] != "none" and not one["condition"]]
    holds = {
        "one diagnosis": operator.asked.count(row.name) == 1,
        f"phase {row.phase}": told["phase"] == row.phase,
        f"cause {row.code}": told["cause"]["code"] == row.code,
        **{text: any(text in one for one in said) for text in row.told},
        **{way: any(_stand_in(way.split(), argv) for argv in changes[at : at + 1]) for at, way in enumerate(row.way)},
    }
    return [what for what, is_so in holds.items() if not is_so]


def _said(told: object, name: str = "") -> Iterator[str]:
    """Give each value that is not empty, behind the name of its field."""
    match told:
        case dict():
            for field_name, value in told.items():
                yield from _said(value, f"{name}.{field_name}")
        case list():
            for value in told:
                yield from _said(value, name)
        case _ if told:
            yield f"{name}: {told}"


def _stand_in(words: list[str], argv: list[str]) -> bool:
    remaining = iter(argv)
    return all(word in remaining for word in words)
